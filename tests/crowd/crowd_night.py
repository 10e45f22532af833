"""A made-up night for the tests of what people see: totals second by second, as a crowd would have counted them."""

import math
from random import Random

from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.tally.histogram import Histogram
from ringside.prove.crowd.tally.moment import Moment, Total, moment
from ringside.prove.crowd.tally.tally import BYTES, LEAST, MOST, PLAYING, STALLED, Tally

URL = "http://127.0.0.1:8080/live/main/index.m3u8"


def plan_of(viewers: int = 300, duration_s: float = 20, **more: object) -> Plan:
    return Plan.model_validate({"url": URL, "viewers": viewers, "duration_s": duration_s, "seed": 4711, **more})


class Night:
    """`seconds` of a crowd; in `stalls_at` ten viewers stall for half a second; the first `failing` get no picture."""

    def __init__(
        self, plan: Plan, *, failing: int = 0, stalls_at: tuple[int, ...] = (), cpu: float = 0.4, lag_ms: float = 2.0
    ) -> None:
        self._luck = Random(7)
        self._tally = Tally()
        self._lag = Histogram()
        self.totals = [Total(0.0)]
        self._come(plan.viewers, failing)
        for second in range(int(plan.duration_s)):
            self._second(second, 10 if second in stalls_at else 0)
            for _ in range(100):
                self._lag.record(lag_ms / 1e3)
            process = {"name": "process 1", "cpu": cpu, "wall_s": second + 1.0, "loop_lag_ms": self._lag.to_json()}
            self.totals.append(Total(second + 1.0, Tally.from_json(self._tally.to_json()), [process]))

    def _come(self, viewers: int, failing: int) -> None:
        tally = self._tally
        tally.arrived = viewers
        for _ in range(failing):
            tally.failed("playlist: 404")
        tally.pictureless = tally.leavings = failing
        for _ in range(viewers - failing):
            tally.joined(self._luck.lognormvariate(math.log(0.4), 0.3))

    def _second(self, second: int, stalls: int) -> None:
        tally, row = self._tally, [0.0] * 6
        on = tally.arrived - tally.leavings
        row[0], row[PLAYING], row[STALLED], row[LEAST], row[MOST] = on, on - stalls, stalls, 1.8, 2.3
        row[BYTES] = on * 75_000
        tally.rows[second] = row
        tally.bytes += int(row[BYTES])
        tally.watched_s += on - stalls / 2
        tally.stalls += stalls
        tally.stalled_viewers = max(tally.stalled_viewers, stalls)
        tally.stalled_s += stalls / 2
        tally.on_time += on * 10 - stalls
        tally.late += stalls
        tally.requests += on * 12
        tally.replies += on * 12
        tally.statuses["200"] = tally.statuses.get("200", 0) + on * 12 - stalls
        if stalls:
            tally.statuses["503"] = tally.statuses.get("503", 0) + stalls
            tally.stall.record(0.5)
        for rung in ("600000", "2500000"):
            tally.rungs[rung] = tally.rungs.get(rung, 0) + on // 2
        for _ in range(50):
            tally.latency.record(self._luck.gauss(2.05, 0.05) + (1.0 if stalls else 0.0))

    @property
    def total(self) -> Total:
        return self.totals[-1]

    @property
    def moments(self) -> list[Moment]:
        return [moment(before, after) for before, after in zip(self.totals, self.totals[1:], strict=False)]
