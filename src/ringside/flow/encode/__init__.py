"""Encode: pictures and sound of the programme become encoded Frames on the event's grids, one track per rung.

Here are the names that cost nothing to import; the encoder itself, and the codecs with it, is in `pump`.
"""

from ringside.flow.encode.config import Config, Rung
from ringside.flow.encode.errors import EncoderFailed
from ringside.flow.encode.ladder import event_fps, fit

__all__ = ["Config", "EncoderFailed", "Rung", "event_fps", "fit"]
