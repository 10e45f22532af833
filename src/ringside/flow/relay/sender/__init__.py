"""The multicast sender: an origin's turns, once, to any number of gateways."""

from ringside.flow.relay.sender.aio import Sender, send
from ringside.flow.relay.sender.config import Config

__all__ = ["Config", "Sender", "send"]
