"""Capture: the first stage. A source delivers pictures and sound; the programme turns them into an event's frames."""

from ringside.flow.capture.config import Config
from ringside.flow.capture.file import probe
from ringside.flow.capture.fps import choose_fps
from ringside.flow.capture.open import open_source
from ringside.flow.capture.programme import Programme
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import NotPlayable, Source, SourceInfo

__all__ = [
    "Config", "NotPlayable", "Programme", "Sink", "Source", "SourceInfo", "choose_fps", "open_source", "probe",
]  # fmt: skip
