"""Origin: takes chunks from whoever makes them, holds the live window, and says what exists."""

from ringside.flow.origin.aio import IngestServer
from ringside.flow.origin.config import Config
from ringside.flow.origin.publish import Publisher
from ringside.flow.origin.refused import Refused
from ringside.flow.origin.renderer import Renderer
from ringside.flow.origin.target import Board, Schedule, begun

__all__ = ["Board", "Config", "IngestServer", "Publisher", "Refused", "Renderer", "Schedule", "begun"]
