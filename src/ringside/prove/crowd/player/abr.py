"""Which rung a player takes: a bandwidth estimate from finished transfers, and the choice it leads to.

What counts as a transfer's time decides everything at low latency, where a request is held until its object exists.
hls.js leaves out the wait for the first byte, as far as its average goes; dash.js adds up the times in which a chunk
was on the wire; Shaka counts from the request, and so sees little on a held object. hls.js takes a small object to last
at least 0.01 µs per byte, up to 50 ms. The caller gives both times and samples video only.

Left out: hls.js's and dash.js's abandoning of a segment half-way, dash.js's BOLA (from 12 s of buffer on) and its rule
against frequent drops.
"""

from collections.abc import Sequence
from math import exp, expm1, inf, log, sqrt

from ringside.prove.crowd.player.profile import Bandwidth, Profile, Wait

_WAIT_LEAST_S = 0.005
_WAIT_MOST_S = 30.0
_HALF = log(0.5)
_ROOT = sqrt(2.0)
_COUNTED, _BEYOND_AVERAGE = Wait.COUNTED, Wait.BEYOND_AVERAGE


class Abr:
    """One viewer's estimate. Times in seconds, rates in bits per second."""

    __slots__ = ("_bytes", "_chosen_s", "_fast", "_habit", "_now_s", "_slow", "_wait", "_wait_weight", "_weight")

    def __init__(self, profile: Profile) -> None:
        self._habit: Bandwidth = profile.bandwidth
        self._fast = 0.0
        self._slow = 0.0
        self._weight = 0.0
        self._bytes = 0
        self._wait = 0.0
        self._wait_weight = 0.0
        self._now_s = 0.0
        self._chosen_s = -inf

    def sample(self, now_s: float, took_s: float, nbytes: int, waited_s: float = 0.0) -> None:
        """A transfer of `nbytes` ended now: `took_s` from its first byte to its last, `waited_s` before the first."""
        habit = self._habit
        self._now_s = now_s
        if habit.wait is _COUNTED:
            took_s += waited_s
        elif habit.wait is _BEYOND_AVERAGE:
            average_s = self._average_wait_s(waited_s)
            if waited_s > average_s:
                took_s += waited_s - average_s
        if nbytes < habit.least_bytes or took_s < habit.least_s or nbytes <= 0:
            return
        if took_s < habit.floor_s:
            took_s = max(took_s, min(habit.floor_s, nbytes * habit.floor_byte_s))
        if took_s <= 0.0:
            return
        weight = took_s * habit.weight
        bps = 8.0 * nbytes / took_s
        self._fast += _share(weight, habit.fast_s) * (bps - self._fast)
        self._slow += _share(weight, habit.slow_s) * (bps - self._slow)
        self._weight += weight
        self._bytes += nbytes

    def _average_wait_s(self, waited_s: float) -> float:
        """The average wait, this one included; short waits count most (hls.js: sampleTTFB)."""
        half_life = self._habit.slow_s
        weight = _ROOT * exp(-0.5 * waited_s * waited_s) if waited_s < _WAIT_MOST_S else 0.0
        if waited_s < _WAIT_LEAST_S:
            waited_s = _WAIT_LEAST_S
        self._wait += _share(weight, half_life) * (waited_s - self._wait)
        self._wait_weight += weight
        return self._wait / _share(self._wait_weight, half_life) if self._wait_weight else waited_s

    @property
    def estimate_bps(self) -> float | None:
        """The lesser of the two averages; None as long as the profile's default counts."""
        habit, weight = self._habit, self._weight
        if weight <= 0.0 or weight < habit.least_weight_s or self._bytes < habit.least_total_bytes:
            return None
        return min(self._fast / _share(weight, habit.fast_s), self._slow / _share(weight, habit.slow_s))

    def first(self, bitrates_bps: Sequence[float], listed_first_bps: float = 0.0) -> int:
        """The rung to start with; `listed_first_bps` is the bandwidth of the variant that the manifest lists first."""
        habit = self._habit
        bps = max(habit.default_bps, min(listed_first_bps, habit.default_most_bps))
        return best(bitrates_bps, bps)

    def choose(self, bitrates_bps: Sequence[float], current: int, buffer_s: float = inf, segment_s: float = 0.0) -> int:
        """The rung for the next object: `current` until there is an estimate. `segment_s` is needed by dash.js only."""
        habit = self._habit
        estimate = self.estimate_bps
        if estimate is None or self._now_s - self._chosen_s < habit.between_s:
            return current
        if habit.between_s:
            self._chosen_s = self._now_s
        bps = estimate * habit.down
        if habit.danger and segment_s > 0.0:
            bps = min(bps, estimate * habit.danger * buffer_s / segment_s)
        down = best(bitrates_bps, bps)
        if habit.up == habit.down or bitrates_bps[down] <= bitrates_bps[current]:
            return down
        up = best(bitrates_bps, min(bps, estimate * habit.up))
        return up if bitrates_bps[up] > bitrates_bps[current] else current


def _share(weight: float, half_life: float) -> float:
    """What samples of this weight together have in an average."""
    return -expm1(_HALF * weight / half_life)


def best(bitrates_bps: Sequence[float], bps: float) -> int:
    """The highest rung within `bps`, or the lowest of all; in any order, the first of equals."""
    chosen = lowest = -1
    for index, rung_bps in enumerate(bitrates_bps):
        if lowest < 0 or rung_bps < bitrates_bps[lowest]:
            lowest = index
        if rung_bps <= bps and (chosen < 0 or rung_bps > bitrates_bps[chosen]):
            chosen = index
    return chosen if chosen >= 0 else lowest
