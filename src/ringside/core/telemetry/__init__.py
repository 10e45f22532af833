"""What a process tells about itself: metrics, and the one log set-up."""

from ringside.core.telemetry.log import setup_log, throttled
from ringside.core.telemetry.metrics import Metrics, Quantiles, exposition
from ringside.core.telemetry.rates import Rates

__all__ = ["Metrics", "Quantiles", "Rates", "exposition", "setup_log", "throttled"]
