"""Verdict: what was promised of a fault, what proves that it fired, and what was seen. Pure.

What enters: a row's own figures. What leaves: whether it kept its bounds, whether its control broke one, and rows of
tables. A figure that never came is None, and keeps no bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.faults.options import Options


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault that was injected, and what was seen that could not be without it."""

    what: str
    proof: str
    so: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A promise and what was seen of it; `least`: the limit is a floor."""

    what: str
    seen: float | None
    limit: float
    unit: str = ""
    least: bool = False

    @property
    def kept(self) -> bool:
        """Whether what was seen lies within."""
        if self.seen is None:
            return False
        return self.seen >= self.limit if self.least else self.seen <= self.limit

    @property
    def promised(self) -> str:
        """The limit, in words."""
        if self.limit == 0 and not self.least:
            return "none"
        return f"{'≥' if self.least else '≤'} {number(self.limit)}{self._unit}"

    @property
    def shown(self) -> str:
        """What was seen, in words."""
        if self.seen is None:
            return "never"
        return "none" if self.seen == 0 and self.limit == 0 else f"{number(self.seen)}{self._unit}"

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def values(self) -> dict[str, Any]:
        """Plain values."""
        return {"what": self.what, "bound": self.promised, "seen": self.shown, "value": self.seen, "kept": self.kept}


@dataclass(slots=True)
class Trial:
    """One playing of a row: the faults, the bounds, and what else is worth keeping (JSON-ready)."""

    fired: list[Fired] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def happened(self) -> bool:
        """Whether there was a fault, and every one is proved."""
        return bool(self.fired) and all(each.so for each in self.fired)

    @property
    def broken(self) -> list[str]:
        """The bounds that were not kept."""
        return [bound.what for bound in self.bounds if not bound.kept]

    def add(self, other: "Trial", before: str = "") -> None:
        """Take in another trial's findings, each with a word before it."""
        head = f"{before}: " if before else ""
        self.fired += [Fired(head + each.what, each.proof, each.so) for each in other.fired]
        self.bounds += [Bound(head + b.what, b.seen, b.limit, b.unit, b.least) for b in other.bounds]
        self.facts |= {before: other.facts} if before else other.facts

    def values(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "fired": [{"what": each.what, "proof": each.proof, "so": each.so} for each in self.fired],
            "bounds": [bound.values() for bound in self.bounds],
            "facts": self.facts,
        }


Play = Callable[[Options], Trial]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: a fault, its bound, and the control: the same where the bound cannot hold, and must not."""

    fault: str
    promised: str
    run: Play
    without: str
    control: Play


def judged(row: Row, trial: Trial, control: Trial | None) -> dict[str, Any]:
    """A row's result: `failed` where a fault did not fire, a bound was not kept, or the control broke none."""
    refuted = control is None or (control.happened and bool(control.broken))
    result = {"fault": row.fault, "promised": row.promised, "without": row.without, **trial.values()}
    if control is not None:
        result["control"] = {**control.values(), "broken": control.broken, "refuted": refuted}
    return {**result, "kept": trial.happened and not trial.broken, "failed": bool(trial.broken) or not trial.happened
            or not refuted}  # fmt: skip


def number(value: float) -> str:
    """A figure as people write it: three digits, no needless noughts."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def worst(values: Sequence[float | None]) -> float | None:
    """The largest; None where one never came, or there is none."""
    known = [value for value in values if value is not None]
    return max(known) if known and len(known) == len(values) else None
