"""Arrive: who comes and who goes, and when. A plan goes in, one Ticket per viewer leaves, in the order of joining.

The same plan gives the same tickets on every machine, so a share of the crowd is every n-th of them. A seat is what a
viewer takes when it comes; with churn a seat is left after a time without memory (exponential) and taken by a fresh
viewer at the same moment. Each kind of draw has its own stream of random numbers: asking for churn or hotel wifi does
not move anyone's arrival. Shares are kept exactly, not on average: of ten viewers with `slow` 0.1, one is slow.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ringside.prove.crowd.arrive.trace import STEP_S, levels
from ringside.prove.crowd.plan import Plan

Times = NDArray[np.float64]
Seats = tuple[Times, Times]
"""Join and leave of each seat, seconds; a leave is infinite where the viewer stays to the end."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One viewer. Times are seconds from the crowd's start."""

    index: int
    """Position in the whole crowd, in the order of joining."""
    join_s: float
    leave_s: float
    """Infinite: stays to the end."""
    network: str
    slow: bool
    dvr_s: float
    """How far behind live it watches by choice; 0 at the live edge."""
    seed: int


class _Draw(IntEnum):
    """What is drawn by lot; each has its own stream."""

    JOIN = 0
    LEAVE = 1
    CHURN = 2
    NETWORK = 3
    SLOW = 4
    DVR = 5
    SEED = 6


def tickets(plan: Plan, share: int = 0, shares: int = 1) -> list[Ticket]:
    """The viewers of a plan in the order of joining; with `shares`, every `shares`-th of them from `share` on."""
    joins, leaves = _churn(plan, *_mass_exit(plan, *_seats(plan)))
    order = np.argsort(joins, kind="stable")
    count = len(order)
    mine = slice(share, None, shares)
    columns: tuple[Iterable[Any], ...] = (
        range(share, count, shares),
        joins[order[mine]].tolist(),
        leaves[order[mine]].tolist(),
        _networks(plan, count, mine),
        (_even(plan, _Draw.SLOW, count)[mine] < plan.slow).tolist(),
        np.where(_even(plan, _Draw.DVR, count)[mine] < plan.dvr, plan.dvr_s, 0.0).tolist(),
        _stream(plan, _Draw.SEED).integers(2**63, size=count)[mine].tolist(),
    )
    return list(map(Ticket, *columns))


def _stream(plan: Plan, draw: _Draw) -> np.random.Generator:
    return np.random.default_rng((plan.seed, int(draw)))


def _even(plan: Plan, draw: _Draw, count: int) -> Times:
    """One number in [0, 1) for each viewer, evenly spread in random order: a share is met to within one viewer."""
    rng = _stream(plan, draw)
    return (rng.permutation(count) + rng.random(count)) / max(count, 1)


def _networks(plan: Plan, count: int, mine: slice) -> list[str]:
    names = [name for name, share in plan.networks.items() if share]
    bounds = np.cumsum([plan.networks[name] for name in names])[:-1]
    which = np.searchsorted(bounds, _even(plan, _Draw.NETWORK, count)[mine], side="right")
    return [names[i] for i in which.tolist()]


def _seats(plan: Plan) -> Seats:
    """Every seat that is taken before the end."""
    rng = _stream(plan, _Draw.JOIN)
    joins, leaves = CURVES[plan.arrive](plan, rng)
    here = joins < plan.duration_s
    return joins[here], leaves[here]


def _flash(plan: Plan, rng: np.random.Generator) -> Seats:
    return _stay(rng.random(plan.viewers) * min(STEP_S, plan.duration_s))


def _ramp(plan: Plan, rng: np.random.Generator) -> Seats:
    """Linear: one arrival, at any moment, in each of `viewers` equal slots; a surge is a ramp of Hotstar's slope."""
    slots = np.arange(plan.viewers) + rng.random(plan.viewers)
    return _stay(slots * (plan.arriving_s / plan.viewers))


def _poisson(plan: Plan, rng: np.random.Generator) -> Seats:
    """Exponential gaps: the last viewer may come somewhat before or after `over_s`."""
    return _stay(np.cumsum(rng.exponential(plan.arriving_s / plan.viewers, plan.viewers)))


def _stay(joins: Times) -> Seats:
    return joins, np.full(len(joins), inf)


def _trace(plan: Plan, rng: np.random.Generator) -> Seats:
    """Joins and leaves follow the curve, its peak scaled to `viewers`; whoever leaves is any one of those watching."""
    joins: list[float] = []
    leaves: list[float] = []
    watching: list[int] = []
    before_s, before = plan.trace[0][0], 0
    for (time_s, _), level in zip(plan.trace, levels(plan.trace, plan.viewers), strict=True):
        moments = _moments(rng, before_s, time_s, abs(level - before))
        if level > before:
            watching.extend(range(len(joins), len(joins) + len(moments)))
            joins.extend(moments)
            leaves.extend([inf] * len(moments))
        else:
            for moment, luck in zip(moments, rng.random(len(moments)).tolist(), strict=True):
                seat = _take(watching, luck)
                leaves[seat] = max(moment, joins[seat])
        before_s, before = time_s, level
    return np.array(joins), np.array(leaves)


def _moments(rng: np.random.Generator, from_s: float, to_s: float, count: int) -> list[float]:
    """When `count` viewers cross a piece of the curve; a step is spread over the second that follows."""
    length_s = to_s - from_s or STEP_S
    moments: list[float] = (from_s + (np.arange(count) + rng.random(count)) * (length_s / max(count, 1))).tolist()
    return moments


def _take(watching: list[int], luck: float) -> int:
    """Take one out at random, in constant time."""
    i = int(luck * len(watching))
    watching[i], watching[-1] = watching[-1], watching[i]
    return watching.pop()


CURVES: dict[str, Callable[[Plan, np.random.Generator], Seats]] = {
    "flash": _flash,
    "ramp": _ramp,
    "surge": _ramp,
    "poisson": _poisson,
    "trace": _trace,
}


def _mass_exit(plan: Plan, joins: Times, leaves: Times) -> Seats:
    """Everybody goes at one moment of the exit; whoever would have come later stays away."""
    if plan.leave_at_s is None:
        return joins, leaves
    exits = plan.leave_at_s + _stream(plan, _Draw.LEAVE).random(len(joins)) * plan.leave_over_s
    came = joins < exits
    return joins[came], np.minimum(leaves, exits)[came]


def _churn(plan: Plan, joins: Times, leaves: Times) -> Seats:
    """Each seat changes hands at the moments of a Poisson process: the viewers, those who replaced others included."""
    if not plan.churn_per_minute:
        return joins, leaves
    rng = _stream(plan, _Draw.CHURN)
    spans_s = np.minimum(leaves, plan.duration_s) - joins
    changes = rng.poisson(spans_s * (plan.churn_per_minute / 60))
    seat = np.repeat(np.arange(len(joins)), changes)
    moments = joins[seat] + rng.random(len(seat)) * spans_s[seat]
    holders = np.concatenate((np.arange(len(joins)), seat))
    starts = np.concatenate((joins, moments))
    order = np.lexsort((starts, holders))
    holders, starts = holders[order], starts[order]
    last = np.append(holders[1:] != holders[:-1], True)
    ends = np.where(last, leaves[holders], np.append(starts[1:], inf))
    return starts, ends
