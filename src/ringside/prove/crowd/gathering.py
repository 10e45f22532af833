"""Gathering: what the parts of a crowd have reported so far, and what they say together.

Snapshots enter, each holding all that its source has counted since it began; the merged snapshot leaves. A source that
is lost keeps what it has said: that much was seen. Knows neither processes nor machines, and reads no clock.
"""

from collections.abc import Iterable
from typing import Any

from ringside.prove.crowd.tally import Tally

LOST_KEPT = 100


class Gathering:
    """The last snapshot of every source, by name."""

    def __init__(self) -> None:
        self._snapshots: dict[str, dict[str, Any]] = {}
        self.finished: set[str] = set()
        self.losses: list[str] = []
        """Sentences about parts of the crowd that did not finish."""

    def __repr__(self) -> str:
        return f"<Gathering of {len(self._snapshots)}, {len(self.finished)} finished, {len(self.losses)} lost>"

    def heard(self, source: str, snapshot: dict[str, Any], *, final: bool) -> None:
        """Take a snapshot in place of the source's last one."""
        self._snapshots[source] = snapshot
        if final:
            self.finished.add(source)

    def lost(self, source: str, why: str) -> None:
        """Note that `source` will say no more."""
        if len(self.losses) < LOST_KEPT:
            self.losses.append(f"{source} {why}")

    def tally(self) -> Tally:
        """All that has been counted, by all."""
        together = Tally()
        for snapshot in self._snapshots.values():
            together.merge(Tally.from_json(snapshot["tally"]))
        return together

    def generators(self) -> list[dict[str, Any]]:
        """What each process says of itself: `{name, cpu, loop_lag_ms, wall_s}`."""
        return [each for source, snapshot in self._snapshots.items() for each in _generators(source, snapshot)]

    def snapshot(self) -> dict[str, Any] | None:
        """All snapshots as one, `{tally, generators}`; None before the first."""
        if not self._snapshots:
            return None
        return {"tally": self.tally().to_json(), "generators": self.generators()}


def _generators(source: str, snapshot: dict[str, Any]) -> Iterable[dict[str, Any]]:
    if "generators" in snapshot:
        return ({**each, "name": f"{source}, {each['name']}"} for each in snapshot["generators"])
    return ({**snapshot["generator"], "name": source},)
