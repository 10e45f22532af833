"""Rule and Finding: what a stream must keep to, and one place where it did not.

Each rule is declared once, beside the function that judges it, and registers itself under its id.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["MUST", "SHOULD"]
RULES: dict[str, "Rule"] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """`id` is `family.words-with-dashes`, e.g. `ll-hls.part-hold-back`; `clause` names document and section."""

    id: str
    level: Level
    clause: str
    says: str
    """The rule in one sentence."""

    def __post_init__(self) -> None:
        if self.id in RULES:
            raise ValueError(f"two rules are called {self.id}")
        RULES[self.id] = self

    def broken(self, where: str, seen: object, expected: object) -> "Finding":
        """The finding that this rule was broken at `where` (URL, rendition, tag, box)."""
        return Finding(self, where, str(seen), str(expected))


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach; `count` is how many times it was seen at the same place."""

    rule: Rule
    where: str
    seen: str
    expected: str
    count: int = field(default=1, compare=False)

    def to_json(self) -> dict[str, object]:
        """`{rule, level, clause, where, seen, expected, count}`."""
        head = {"rule": self.rule.id, "level": self.rule.level, "clause": self.rule.clause}
        return head | {"where": self.where, "seen": self.seen, "expected": self.expected, "count": self.count}


def gather(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of the same rule at the same place become one, with their count: MUST first, else as they came."""
    first: dict[tuple[str, str], Finding] = {}
    counts: dict[tuple[str, str], int] = {}
    for finding in findings:
        key = (finding.rule.id, finding.where)
        first.setdefault(key, finding)
        counts[key] = counts.get(key, 0) + finding.count
    merged = [Finding(f.rule, f.where, f.seen, f.expected, counts[key]) for key, f in first.items()]
    return sorted(merged, key=lambda finding: finding.rule.level != "MUST")
