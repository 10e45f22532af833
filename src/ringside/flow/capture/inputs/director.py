"""Director: which input is on the air, of several in order of preference. Pure.

The rules. What is on the air goes at once when it is worse off than another: away from a fault, to the first of those
that are best off. It is left for one that is preferred and no worse off: at once for one that has never failed on the
air, for one that has only when it has been so for `back_ns`: who returns must have proven it. While nothing is there at
all the slate is (None). An operator's order stands above all that, as long as the input that he wants has anything to
show; when it has nothing, the rules hold until it is back. An event begins with its first input if that is there within
PATIENCE_NS, so that nobody sees a backup for two frames while a film is being opened.
"""

from collections.abc import Sequence

from ringside.flow.capture.config import SLATE
from ringside.flow.capture.inputs.health import Condition

PATIENCE_NS = 500_000_000


class Director:
    """Decides for one event. `names` in order of preference; `on_air` is an index of them, None for the slate."""

    def __init__(self, names: Sequence[str], back_ns: int) -> None:
        self._names, self._back_ns = tuple(names), back_ns
        self.forced: str | None = None
        self.on_air: int | None = None
        self.since_ns: int | None = None
        self.switches = 0
        self._begun = False
        self._failed: set[int] = set()  # left, while they were on the air, by these rules

    def __repr__(self) -> str:
        return f"<Director {self.showing}{f', forced {self.forced}' if self.forced else ''}>"

    @property
    def showing(self) -> str:
        """The name of what is on the air."""
        return SLATE if self.on_air is None else self._names[self.on_air]

    def force(self, name: str | None) -> bool:
        """An operator wants this input, the slate, or (None) the rules. False, and nothing changes: no such input."""
        if name is not None and name != SLATE and name not in self._names:
            return False
        self.forced = name
        return True

    def choose(self, now_ns: int, conditions: Sequence[Condition]) -> int | None:
        """What is on the air at the programme's instant `now_ns`, which never goes back; None: the slate."""
        if self.since_ns is None:
            self.since_ns = now_ns
        chosen = self._chosen(now_ns, conditions)
        if chosen != self.on_air:
            if self.on_air is not None and self.forced is None and self._is_worse(conditions, chosen):
                self._failed.add(self.on_air)
            self.switches += self._begun
            self.on_air, self.since_ns = chosen, now_ns
        self._begun = self._begun or chosen is not None
        return chosen

    def _is_worse(self, conditions: Sequence[Condition], chosen: int | None) -> bool:
        """Whether what is on the air is left because it is worse off than what comes."""
        assert self.on_air is not None
        return chosen is None or conditions[self.on_air].rank > conditions[chosen].rank

    def _chosen(self, now_ns: int, conditions: Sequence[Condition]) -> int | None:
        forced = self.forced  # read once: the operator's thread is another
        if forced == SLATE:
            return None
        if forced is not None and conditions[wanted := self._names.index(forced)].here:
            return wanted
        here = [at for at, condition in enumerate(conditions) if condition.here]
        if not here:
            return None
        best = min(here, key=lambda at: (conditions[at].rank, at))
        if best and not self._begun and self.since_ns is not None and now_ns - self.since_ns < PATIENCE_NS:
            return None
        if self.on_air not in here or conditions[best].rank < conditions[self.on_air].rank:
            return best
        return self._returned(now_ns, conditions, self.on_air)

    def _returned(self, now_ns: int, conditions: Sequence[Condition], on_air: int) -> int:
        """The first that is preferred to what is on the air, no worse off, and has been so for long enough."""
        for at in range(on_air):
            one = conditions[at]
            proven = at not in self._failed or now_ns - one.since_ns >= self._back_ns
            if one.here and one.rank <= conditions[on_air].rank and proven:
                return at
        return on_air
