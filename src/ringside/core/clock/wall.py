"""Wall: Unix time that never steps.

The system clock may be set at any moment; a live timeline may not jump with it. Wall follows the monotonic
clock from one reading of the system clock, and slews towards later readings by at most 500 parts per million,
as ntpd does. Only an error beyond `STEP_NS` is left alone and reported by `error_ns`: an operator decides.
"""

import time
from typing import Protocol

SLEW_PPM = 500
STEP_NS = 5_000_000_000


class Clock(Protocol):
    """Anything that tells Unix time in nanoseconds."""

    def now_ns(self) -> int: ...


class Wall:
    """Unix time in nanoseconds, monotone, slewed towards the system clock.

    `offset_ns`: that of another Wall of this machine, which this one is to agree with, whatever the system clock says
    by now.
    """

    def __init__(self, offset_ns: int | None = None) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns() if offset_ns is None else offset_ns
        self._checked_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        """Unix time, nanoseconds."""
        mono = time.monotonic_ns()
        if mono - self._checked_ns > 1_000_000_000:
            self._slew(mono)
        return mono + self._offset_ns

    @property
    def offset_ns(self) -> int:
        """From the machine's monotonic clock to this one."""
        return self._offset_ns

    def error_ns(self) -> int:
        """How far the system clock is ahead of this one, nanoseconds."""
        return time.time_ns() - time.monotonic_ns() - self._offset_ns

    def _slew(self, mono: int) -> None:
        error = self.error_ns()
        limit = (mono - self._checked_ns) * SLEW_PPM // 1_000_000
        self._checked_ns = mono
        if abs(error) <= STEP_NS:
            self._offset_ns += max(-limit, min(limit, error))
