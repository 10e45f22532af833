"""Cuts: where the segments begin of an event whose encoder knows nothing of our timeline.

One track leads: the first video track, or sound where there is no picture. A segment starts at the leader's first
independent chunk that is a whole segment after the start before; all other tracks are cut at the same instants.
Numbers start at the instant's own number on the timeline and are counted up from there, so that they are never used
again, not even by an origin started anew (segments are never shorter than the timeline's). One that takes up what
another left goes on from that one's numbers.
"""

import math
from fractions import Fraction

KEPT = 64  # cuts remembered, for tracks that are behind
ALMOST = Fraction(1, 10)  # of a segment: its length is not quite the same each time


class Cuts:
    """Instants (seconds of Unix time, exact) at which segments begin."""

    def __init__(self, segment_s: Fraction) -> None:
        self._shortest_s = segment_s * 98 / 100
        self._segment_s = segment_s
        self._starts: dict[int, Fraction] = {}
        self._number = -1
        self._led_until = Fraction(0)
        self._usual_s: Fraction | None = None  # until the first cut after `go_on`

    def go_on(self, number: int, start_s: Fraction, usual_s: Fraction) -> None:
        """An origin that is no more came to segment `number`, which began then; its segments were about so long.

        The numbers of those that it missed are passed over, so that another origin of the same encoder agrees.
        """
        self._number, self._starts[number] = number, start_s
        self._usual_s = usual_s or self._segment_s

    def lead(self, start_s: Fraction, end_s: Fraction, independent: bool, fresh: bool) -> int | None:
        """The segment of the leader's next chunk; None before its first independent one.

        `fresh`: its timing does not continue, so a segment starts here if it can.
        """
        anew = self._number < 0 or self._usual_s is not None or fresh
        if independent and (anew or start_s - self._starts[self._number] >= self._shortest_s):
            self._cut(start_s)
        elif anew:
            return None
        self._led_until = end_s
        return self._number

    def follow(self, start_s: Fraction, tolerance_s: Fraction) -> int | None:
        """The segment of another track's chunk; None when it is too early to tell."""
        at = start_s + tolerance_s
        if at >= self._led_until:
            return None
        return max((n for n, cut_s in self._starts.items() if cut_s <= at), default=-1)

    def boundary(self, number: int) -> Fraction | None:
        """Where segment `number` began; None while nobody knows."""
        return self._starts.get(number)

    def _cut(self, start_s: Fraction) -> None:
        if self._number < 0:
            self._number = int(start_s / self._segment_s + Fraction(1, 2))
        elif self._usual_s is not None:
            missed = (start_s - self._starts[self._number]) / self._usual_s - ALMOST
            self._number += max(1, math.ceil(missed))  # so that none that is listed as missing is longer than usual
        else:
            self._number += 1
        self._usual_s = None
        self._starts[self._number] = start_s
        self._starts.pop(self._number - KEPT, None)
