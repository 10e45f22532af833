"""Simulated: Unix time that passes only when told to, for tests, replays and forecasts."""


class Simulated:
    """A clock whose hands are moved by `advance_ns` alone."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Unix time, nanoseconds."""
        return self._now_ns

    def advance_ns(self, ns: int) -> None:
        """Let `ns` nanoseconds pass. Time never goes back: a negative step is a ValueError."""
        if ns < 0:
            raise ValueError(f"simulated time cannot go back by {-ns} ns")
        self._now_ns += ns
