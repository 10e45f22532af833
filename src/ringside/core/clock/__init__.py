"""The clocks: the only place in Ringside where time is read."""

from ringside.core.clock.astray import Astray
from ringside.core.clock.simulated import Simulated
from ringside.core.clock.wall import Clock, Wall

__all__ = ["Astray", "Clock", "Simulated", "Wall"]
