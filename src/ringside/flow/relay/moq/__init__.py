"""MoQ: the event's chunks as groups and frames over WebTransport, by the package `moq-rs`, which may be absent.

Nothing here imports it but `outlet` and `serve`, and these are imported by the process that publishes, once it runs:
the package starts threads, which no fork survives.
"""

from ringside.flow.relay.moq.config import Config
from ringside.flow.relay.moq.offer import Offers

__all__ = ["Config", "Offers"]
