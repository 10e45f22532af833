"""Gathering: what the parts of a crowd have reported so far, and what they say together.

Snapshots enter, each holding all that its source has counted since it began; the merged snapshot leaves. A source that
is lost keeps what it has said: that much was seen. Knows neither processes nor machines, and reads no clock.
"""

from collections.abc import Iterable
from typing import Any

from ringside.prove.crowd.tally.tally import Tally

LOST_KEPT = 100


class Gathering:
    """The last snapshot of every source, by name."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._generators: dict[str, list[dict[str, Any]]] = {}
        self.finished: set[str] = set()
        self.losses: list[str] = []
        """Sentences about parts of the crowd that did not finish."""

    def __repr__(self) -> str:
        return f"<Gathering of {len(self._tallies)}, {len(self.finished)} finished, {len(self.losses)} lost>"

    def heard(self, source: str, snapshot: dict[str, Any], *, final: bool) -> None:
        """Take a snapshot in place of the source's last one. ValueError, KeyError or TypeError when it is none."""
        tally, generators = Tally.from_json(snapshot["tally"]), list(_generators(source, snapshot))
        self._tallies[source], self._generators[source] = tally, generators
        if final:
            self.finished.add(source)

    def lost(self, source: str, why: str) -> None:
        """Note that `source` will say no more."""
        if len(self.losses) < LOST_KEPT:
            self.losses.append(f"{source} {why}")

    def tally(self) -> Tally:
        """All that has been counted, by all."""
        together = Tally()
        for tally in self._tallies.values():
            together.merge(tally)
        return together

    def generators(self) -> list[dict[str, Any]]:
        """What each process says of itself: `{name, cpu, loop_lag_ms, wall_s}`."""
        return [each for generators in self._generators.values() for each in generators]

    def snapshot(self) -> dict[str, Any] | None:
        """All snapshots as one, `{tally, generators}`; None before the first."""
        if not self._tallies:
            return None
        return {"tally": self.tally().to_json(), "generators": self.generators()}


def _generators(source: str, snapshot: dict[str, Any]) -> Iterable[dict[str, Any]]:
    if "generators" in snapshot:
        return ({**each, "name": f"{source}, {each['name']}"} for each in snapshot["generators"])
    return ({**snapshot["generator"], "name": source},)
