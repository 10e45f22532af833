"""Shedder: measures the rungs' workers, asks `shed` what that means, and puts its answer into force.

The gauges enter; the Level to encode at leaves, changing at segment starts only. The glue between the pure decision
and the running encoder: it holds the State and says in the log what was decided.
"""

import logging
from collections.abc import Collection, Sequence
from fractions import Fraction

from ringside.core.clock import Clock
from ringside.flow.encode.config import Rung
from ringside.flow.encode.effort import Effort
from ringside.flow.encode.shed import Level, Load, State, decide, levels
from ringside.flow.encode.worker import RungWorker

LOOK_S = 0.5
log = logging.getLogger(__name__)


class Shedder:
    """The level in force (`now`), and the one that the next segment starts with."""

    def __init__(self, start: Effort, rungs: Sequence[Rung], fps: Fraction, cores: int, clock: Clock) -> None:
        self.plan = levels(start, rungs, fps)
        self.now: Level = self.plan[0]
        self._next = self.now
        self._state = State(changed_ns=clock.now_ns())  # a start is busy by nature: judge later
        self._cores, self._clock = cores, clock
        self._fps = float(fps)
        self._every = max(1, round(LOOK_S * self._fps))
        self._skipped = 0

    def look(self, workers: Collection[RungWorker], index: int, first_in_segment: bool) -> Level:
        """The level for frame `index`; measures every half second."""
        if index % self._every == 0:
            self._state, step = decide(
                self.plan, self._state, self._load(workers), self._cores, self._clock.now_ns()
            )  # fmt: skip
            if step:
                log.warning("%s", step.sentence)
                self._next = step.after
        if first_in_segment:
            self.now = self._next
        return self.now

    def shed(self) -> list[str]:
        """What is given up at present, in words; empty when all is well."""
        full, now = self.plan[0], self.now
        words = [f"{rung.track} is not made" for rung in full.rungs if rung not in now.rungs]
        if now.effort is not full.effort:
            words.append(f"effort {now.effort.name} instead of {full.effort.name}")
        return words

    def _load(self, workers: Collection[RungWorker]) -> Load:
        now_ns = self._clock.now_ns()
        tracks = {rung.track for rung in self.now.rungs}
        active = [worker.gauge for worker in workers if worker.encoder.rung.track in tracks]
        busy = [gauge.busy(now_ns, 2 * LOOK_S) for gauge in active]
        lag_ms = max(gauge.lag_ms(now_ns, 2 * LOOK_S) for gauge in active)
        skipped_total = sum(worker.gauge.skipped_total for worker in workers)
        skipped, self._skipped = skipped_total - self._skipped, skipped_total
        return Load(lag_ms * self._fps / 1000, max(busy), sum(busy), skipped)
