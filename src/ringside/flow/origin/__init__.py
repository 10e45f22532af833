"""Origin: takes chunks from whoever makes them, holds the live window, and says what exists.

Here are the names that cost nothing to import; what takes in is in `aio`.
"""

from ringside.flow.origin.config import Config
from ringside.flow.origin.orders import Orders
from ringside.flow.origin.publish import Publisher
from ringside.flow.origin.refused import Refused
from ringside.flow.origin.renderer import Renderer
from ringside.flow.origin.target import Board, Schedule, begun

__all__ = ["Board", "Config", "Orders", "Publisher", "Refused", "Renderer", "Schedule", "begun"]
