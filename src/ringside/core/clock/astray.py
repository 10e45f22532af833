"""Astray: whether the system clock has been set while processes went by one of ours, and what to say of it. Pure."""

from ringside.core.clock.wall import STEP_NS

ASTRAY_NS = 50_000_000


class Astray:
    """Remembers what was said."""

    def __init__(self) -> None:
        self._said = False

    def __repr__(self) -> str:
        return f"<Astray {self._said}>"

    def look(self, error_ns: int) -> str:
        """A sentence when the system clock is first seen `error_ns` ahead of ours; empty when there is no news."""
        before, self._said = self._said, abs(error_ns) >= ASTRAY_NS
        if before or not self._said:
            return ""
        follows = "which is followed slowly" if abs(error_ns) <= STEP_NS else "which is not followed: start again"
        return f"the system clock was set by {error_ns / 1e9:+.2f} s, {follows}"
