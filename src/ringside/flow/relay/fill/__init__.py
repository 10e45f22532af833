"""The filler: takes from an origin what a machine's workers serve, once for all of them.

Here are the names that cost nothing to import; what takes is in `aio`.
"""

from ringside.flow.relay.fill.apart import sentence as clock_sentence
from ringside.flow.relay.fill.config import Config

__all__ = ["Config", "clock_sentence"]
