"""Rows: a track's candidates as the status page lists them. Pure."""

from typing import Any

from ringside.flow.origin.select.candidate import Candidate
from ringside.flow.origin.select.choice import Choice
from ringside.flow.origin.select.offer import LATE


def rows(choice: Choice, now_ns: int) -> list[dict[str, Any]]:
    """Its candidates in the order in which they are wanted when all is well; JSON-ready."""
    wanted = sorted(choice.candidates.values(), key=lambda each: each.studio)
    return [_row(each, each is choice.on_air and each.there, now_ns) for each in wanted]


def _row(candidate: Candidate, on_air: bool, now_ns: int) -> dict[str, Any]:
    return {
        "studio": candidate.studio.name,
        "order": candidate.studio.order,
        "on_air": on_air,
        "state": candidate.state(on_air, now_ns),
        "marks": dict(candidate.marks),
        "chunks": candidate.chunks,
        "late": candidate.marks[LATE],
        "since_ms": candidate.since_ns // 10**6,
    }
