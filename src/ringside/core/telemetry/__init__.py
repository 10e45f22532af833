"""What a process tells about itself: metrics, and the one log set-up."""

from ringside.core.telemetry.log import setup_log, throttled
from ringside.core.telemetry.metrics import Metrics, Quantiles, exposition

__all__ = ["Metrics", "Quantiles", "exposition", "setup_log", "throttled"]
