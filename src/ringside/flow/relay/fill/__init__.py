"""The filler: takes from an origin what a machine's workers serve, once for all of them."""

from ringside.flow.relay.fill.aio import Beside, MakeBeside, run_filler
from ringside.flow.relay.fill.apart import sentence as clock_sentence
from ringside.flow.relay.fill.config import Config

__all__ = ["Beside", "Config", "MakeBeside", "clock_sentence", "run_filler"]
