"""Rates: how fast totals rise, from one report to the next. Pure."""


class Rates:
    """Remembers the totals of the report before."""

    def __init__(self) -> None:
        self._now_ns = 0
        self._totals: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"<Rates {', '.join(self._totals)}>"

    def take(self, now_ns: int, **totals: float) -> dict[str, float]:
        """By how much each rose per second since the report before; 0 without one, and where a count began anew."""
        seconds, before = (now_ns - self._now_ns) / 1e9, self._totals
        self._now_ns, self._totals = now_ns, totals
        if seconds <= 0:
            return dict.fromkeys(totals, 0.0)
        return {name: max(0.0, total - before.get(name, total)) / seconds for name, total in totals.items()}
