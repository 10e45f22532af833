"""Timestamp: an instant as whole ticks of a timescale, counted from the Unix epoch.

Integers all the way, so that adding two million frame durations ends exactly where it should.
Conversions round to the nearest tick, halves up.
"""

from dataclasses import dataclass
from fractions import Fraction

NS_PER_S = 1_000_000_000


def rescale(ticks: int, from_timescale: int, to_timescale: int) -> int:
    """`ticks` of one timescale as the nearest whole ticks of another (halves round up)."""
    return (2 * ticks * to_timescale + from_timescale) // (2 * from_timescale)


@dataclass(frozen=True, slots=True, order=False)
class Timestamp:
    """An instant of Unix time: `ticks / timescale` seconds since 1970-01-01T00:00:00Z."""

    ticks: int
    timescale: int

    @classmethod
    def from_ns(cls, ns: int, timescale: int) -> "Timestamp":
        """The tick of `timescale` (Hz) nearest to `ns` nanoseconds of Unix time."""
        return cls(rescale(ns, NS_PER_S, timescale), timescale)

    @property
    def ns(self) -> int:
        """Nanoseconds of Unix time, rounded to the nearest."""
        return rescale(self.ticks, self.timescale, NS_PER_S)

    @property
    def seconds(self) -> Fraction:
        """Seconds of Unix time, exactly."""
        return Fraction(self.ticks, self.timescale)

    def to(self, timescale: int) -> "Timestamp":
        """The same instant on another timescale."""
        return Timestamp(rescale(self.ticks, self.timescale, timescale), timescale)

    def __add__(self, ticks: int) -> "Timestamp":
        return Timestamp(self.ticks + ticks, self.timescale)
