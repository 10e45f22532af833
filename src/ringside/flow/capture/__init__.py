"""Capture: the first stage. A source delivers pictures and sound; the programme turns them into an event's frames.

Here are the names that cost nothing to import; sources are opened by `open`, and the programme, with the codecs, is in
`programme`.
"""

from ringside.flow.capture.config import Config
from ringside.flow.capture.fps import choose_fps

__all__ = ["Config", "choose_fps"]
