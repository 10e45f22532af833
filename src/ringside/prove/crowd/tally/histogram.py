"""Histogram: durations counted in log-linear buckets, so that percentiles of any crowd cost the same few kilobytes.

Seconds go in, milliseconds come out. A bucket is one microsecond wide below 128 µs and 1/64 of its power of two above,
so a percentile is within 0.8 % of the true one; the least and the greatest value are kept exactly. Histograms of
several processes are merged by adding counts. A negative value (a latency, where two clocks disagree) counts as zero,
but shows in `min_s`. What is not a number is ignored and counted.
"""

from collections.abc import Mapping
from math import ceil, inf
from typing import Any

LINEAR_US = 128
BUCKETS = 64
"""Buckets in each power of two."""
QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


class Histogram:
    """Counts of durations by bucket, with the exact least and greatest."""

    __slots__ = ("counts", "ignored", "max_s", "min_s")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.min_s = inf
        """Infinite while empty."""
        self.max_s = -inf
        self.ignored = 0
        """Values that were no finite number."""

    def record(self, value_s: float, times: int = 1) -> None:
        """Count a duration, seconds, so many times."""
        try:
            us = int(value_s * 1e6)
        except (ValueError, OverflowError):
            self.ignored += times
            return
        if us >= LINEAR_US:
            shift = us.bit_length() - 7
            us = (shift << 6) + (us >> shift)
        elif us < 0:
            us = 0
        counts = self.counts
        counts[us] = counts.get(us, 0) + times
        if value_s > self.max_s:
            self.max_s = value_s
        if value_s < self.min_s:
            self.min_s = value_s

    def merge(self, other: "Histogram") -> None:
        """Add the counts of `other`."""
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.min_s = min(self.min_s, other.min_s)
        self.max_s = max(self.max_s, other.max_s)
        self.ignored += other.ignored

    def __len__(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())

    def quantile_ms(self, q: float) -> float | None:
        """The value that a share `q` of all values does not exceed, milliseconds; None while empty."""
        rank = max(1, ceil(q * len(self)))
        for bucket in sorted(self.counts):
            rank -= self.counts[bucket]
            if rank <= 0:
                return round(min(max(_middle_us(bucket) / 1e6, self.min_s), self.max_s) * 1e3, 3)
        return None

    def percentiles(self) -> dict[str, float | None]:
        """`{p50, p95, p99, max}` in milliseconds; every one None while empty."""
        greatest = round(self.max_s * 1e3, 3) if self.counts else None
        return {name: self.quantile_ms(q) for name, q in QUANTILES.items()} | {"max": greatest}

    def to_json(self) -> dict[str, Any]:
        """`{buckets: [[bucket, count]...], min_s, max_s, ignored}`; the bounds are null while empty."""
        bounds = (self.min_s, self.max_s) if self.counts else (None, None)
        buckets = [[bucket, self.counts[bucket]] for bucket in sorted(self.counts)]
        return {"buckets": buckets, "min_s": bounds[0], "max_s": bounds[1], "ignored": self.ignored}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Histogram":
        """The histogram that `to_json` wrote."""
        histogram = cls()
        histogram.counts = {int(bucket): int(count) for bucket, count in document["buckets"]}
        if histogram.counts:
            histogram.min_s, histogram.max_s = document["min_s"], document["max_s"]
        histogram.ignored = document["ignored"]
        return histogram

    def __repr__(self) -> str:
        ms = self.percentiles()
        return f"{len(self)} values, p50 {ms['p50']} ms, p99 {ms['p99']} ms, max {ms['max']} ms"


def _middle_us(bucket: int) -> float:
    """The middle of a bucket, microseconds."""
    if bucket < LINEAR_US:
        return bucket + 0.5
    shift = bucket // BUCKETS - 1
    return ((bucket - shift * BUCKETS) + 0.5) * (1 << shift)
