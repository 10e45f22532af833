"""Orders: which input of the studios an operator wants on the air. Pure.

What enters: orders, and the status letters of the studios, which tell what inputs they have. What leaves: the answer
to each letter, which every studio obeys, and the news in it for people. An order has a version that grows for ever, so
that a studio that hears of it by two ways takes it once, and an older one never again.
"""

from collections.abc import Mapping
from typing import Any

from ringside.core.studio import STOPGAP_ORDER
from ringside.flow.origin.refused import Refused

AUTO, SLATE = "auto", "slate"
MOST_INPUTS, MOST_STUDIOS = 16, 8
STALE_NS = 5_000_000_000


class Orders:
    """Of one event. `kept`: an order from before this origin was started, as `values` gives it."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self._source: str | None = kept["source"] if kept else None
        self._version = int(kept["version"]) if kept else 0
        self._heard_ns: int | None = None
        self._inputs: list[dict[str, Any]] = []
        self._on_air = ""
        self._shown: dict[str, str] = {}  # by studio, the newest last
        self.news = ""  # what the letter heard last changed, in words

    def __repr__(self) -> str:
        return f"<Orders {self._source or AUTO} version {self._version}>"

    @property
    def wanted(self) -> str:
        """What an operator wants on the air, in his words."""
        return self._source or "the best input"

    def heard(self, status: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """A studio's letter; what it is answered: the order, or nothing while there has been none."""
        source, studio, self.news = status.get("source"), status.get("studio"), ""
        if isinstance(studio, dict) and studio.get("order") == STOPGAP_ORDER:
            return {}
        if isinstance(source, dict) and isinstance(rows := source.get("inputs"), list):
            named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]
            self._inputs = [_brief(row) for row in named[:MOST_INPUTS]]
            self._on_air, self._heard_ns = str(source.get("on_air", ""))[:32], now_ns
            self._tell(str(studio.get("name", ""))[:64] if isinstance(studio, dict) else "")
        return self.values() if self._version else {}

    def order(self, values: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """An operator's `{"source": NAME}`; null or "auto": the best one. What follows. Raises Refused."""
        if "source" not in values:
            raise Refused(400, 'an order of a source is {"source": NAME}, or null for the best one')
        wanted = None if values["source"] == AUTO else values["source"]
        known = self._known(now_ns)
        if wanted is not None and wanted not in known:
            raise Refused(400, f"there is no input {wanted!a:.40}; there are {', '.join(known[:-1])} and {known[-1]}")
        if (wanted, True) != (self._source, self._version > 0):
            self._source, self._version = wanted, max(self._version + 1, now_ns // 1_000_000)
        return self.describe()

    def values(self) -> dict[str, Any]:
        """The order itself: what a studio obeys, and with which an origin is started again."""
        return {"source": self._source, "version": self._version}

    def describe(self) -> dict[str, Any]:
        """The order, and how the inputs were when a studio last wrote."""
        return {**self.values(), "on_air": self._on_air, "inputs": self._inputs}

    def _tell(self, studio: str) -> None:
        """Make news of what a studio has put on the air since its letter before."""
        before = self._shown.pop(studio, self._on_air)
        while len(self._shown) >= MOST_STUDIOS:
            del self._shown[next(iter(self._shown))]
        self._shown[studio] = self._on_air
        if before != self._on_air:
            faulty = [f"{row['name']} {' and '.join(row['faults'])}" for row in self._inputs if row["faults"]]
            why = f" ({', '.join(faulty)})" if faulty else ""
            self.news = f"{studio + ': ' if studio else ''}{self._on_air} is on the air in place of {before}{why}"

    def _known(self, now_ns: int) -> list[str]:
        if self._heard_ns is None or now_ns - self._heard_ns > STALE_NS:
            raise Refused(409, "no studio tells of its inputs at the moment; try again")
        return [*(row["name"] for row in self._inputs), SLATE, AUTO]


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """What an operator needs to know of an input to choose."""
    faults = row.get("faults")
    told = [str(fault)[:16] for fault in faults[:4]] if isinstance(faults, list) else []
    return {"name": row["name"][:32], "state": str(row.get("state", ""))[:16], "faults": told}
