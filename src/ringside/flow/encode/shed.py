"""Shedding: what to give up when the machine cannot keep up, and when to take it back. Pure.

A Load (measured over the last half second or so) and Unix time enter; a new State leaves, and a Step when something
is to change, which the pump does at the next segment start.

The plan is a list of levels, each cheaper than the one before. First the efforts go down to the lowest: a viewer
sees a slightly coarser picture and nothing else. Then rungs go, the top one first: it costs more than all below it
together, so one sacrifice is enough, and its viewers move one rung down, to a picture that they can surely carry.
Giving up the lowest would save a tenth of that and strand just the viewers who have nothing below it. The lowest
rung is never given up; if even that is too much, frames are skipped.

Hysteresis: a step down needs `HOT_NS` of overload without a break, and another one waits `SETTLE_NS` until the first
has shown its effect. A step up needs `patience_ns` of calm, and that what it adds should fit by the ratio of the
levels' costs. Overload soon after a step up was our own doing: the patience doubles, up to `PATIENCE_MAX_NS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ringside.core.media import NS_PER_S
from ringside.flow.encode.config import Rung
from ringside.flow.encode.effort import EFFORTS, Effort, cost_cores

HOT_NS = 2 * NS_PER_S
SETTLE_NS = 5 * NS_PER_S
REGRET_NS = 30 * NS_PER_S
PATIENCE_NS = 20 * NS_PER_S
PATIENCE_MAX_NS = 320 * NS_PER_S
LAG_FRAMES = 3.0  # a packet this many frame times late is overload
BUSY_HOT = 0.95  # of a frame's time spent encoding it
BUSY_ROOM = 0.6  # expected after a step up, at most


@dataclass(frozen=True, slots=True)
class Level:
    """One way to spend the machine: an effort, and the rungs made (largest first)."""

    effort: Effort
    rungs: tuple[Rung, ...]
    cost_cores: float
    busiest_cores: float  # its largest rung's share


@dataclass(frozen=True, slots=True)
class Load:
    """How encoding went since the last look: frames' lag behind their due time in frames, the busiest worker's
    share of its time, all workers' together in cores, and frames skipped for want of time."""

    lag_frames: float
    busy: float
    busy_cores: float = 0.0
    skipped: int = 0

    @property
    def hot(self) -> bool:
        """Whether this is overload. Frames skipped by workers that were not busy were held up elsewhere."""
        return self.lag_frames > LAG_FRAMES or self.busy > BUSY_HOT or (self.skipped > 0 and self.busy > BUSY_ROOM)


@dataclass(frozen=True, slots=True)
class State:
    """Where the plan stands. Times are Unix nanoseconds; None: not now."""

    level: int = 0
    changed_ns: int = -SETTLE_NS
    hot_since_ns: int | None = None
    calm_since_ns: int | None = None
    rose_ns: int | None = None
    patience_ns: int = PATIENCE_NS


@dataclass(frozen=True, slots=True)
class Step:
    """Go from one level to another, at the next segment start; `sentence` is for the operator's log."""

    before: Level
    after: Level
    sentence: str


def levels(start: Effort, rungs: Sequence[Rung], fps: Fraction) -> tuple[Level, ...]:
    """The plan from `start` on: efforts down to the lowest, then rungs away from the top, the last one kept."""
    lower = EFFORTS[EFFORTS.index(start) :]
    pairs = [(effort, tuple(rungs)) for effort in lower]
    pairs += [(lower[-1], tuple(rungs[n:])) for n in range(1, len(rungs))]
    return tuple(Level(e, r, cost_cores(e, r, fps), cost_cores(e, r[:1], fps)) for e, r in pairs)


def decide(plan: Sequence[Level], state: State, load: Load, cores: int, now_ns: int) -> tuple[State, Step | None]:
    """What the load at `now_ns` means for the plan."""
    state = _noticed(state, load, now_ns)
    if now_ns - state.changed_ns < SETTLE_NS:
        return state, None
    if state.hot_since_ns is not None and now_ns - state.hot_since_ns >= HOT_NS:
        return _down(plan, state, load, now_ns)
    if state.calm_since_ns is not None and now_ns - state.calm_since_ns >= state.patience_ns:
        return _up(plan, state, load, cores, now_ns)
    return state, None


def _noticed(state: State, load: Load, now_ns: int) -> State:
    if load.hot:
        return replace(state, hot_since_ns=_earlier(state.hot_since_ns, now_ns), calm_since_ns=None)
    return replace(state, hot_since_ns=None, calm_since_ns=_earlier(state.calm_since_ns, now_ns))


def _earlier(since_ns: int | None, now_ns: int) -> int:
    return now_ns if since_ns is None else since_ns


def _down(plan: Sequence[Level], state: State, load: Load, now_ns: int) -> tuple[State, Step | None]:
    if state.level + 1 >= len(plan):
        return state, None
    regretted = state.rose_ns is not None and now_ns - state.rose_ns <= REGRET_NS
    patience = min(PATIENCE_MAX_NS, 2 * state.patience_ns) if regretted else state.patience_ns
    before, after = plan[state.level], plan[state.level + 1]
    why = f"encoding cannot keep up (frames {load.lag_frames:.1f} frame times late, busiest rung {load.busy:.0%} busy"
    why += f", {load.skipped} skipped)" if load.skipped else ")"
    state = State(state.level + 1, changed_ns=now_ns, patience_ns=patience)
    return state, Step(before, after, f"{why}: {_change(before, after)}")


def _up(plan: Sequence[Level], state: State, load: Load, cores: int, now_ns: int) -> tuple[State, Step | None]:
    if state.level == 0:
        return state, None
    before, after = plan[state.level], plan[state.level - 1]
    busy = load.busy * after.busiest_cores / before.busiest_cores
    busy_cores = load.busy_cores * after.cost_cores / before.cost_cores
    if busy > BUSY_ROOM or busy_cores > BUSY_ROOM * cores:
        return state, None
    state = State(state.level - 1, changed_ns=now_ns, rose_ns=now_ns, patience_ns=state.patience_ns)
    return state, Step(before, after, f"encoding has room again: {_change(before, after)}")


def _change(before: Level, after: Level) -> str:
    made, making = ({rung.track for rung in level.rungs} for level in (before, after))
    changes = [f"{track} is dropped" for track in sorted(made - making)]
    changes += [f"{track} is back" for track in sorted(making - made)]
    if before.effort is not after.effort:
        changes.append(f"effort {before.effort.name} becomes {after.effort.name}")
    return ", ".join(changes)
