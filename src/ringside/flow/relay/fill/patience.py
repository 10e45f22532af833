"""Patience: how long an answer usually takes, and when one is late. Pure: waits enter, a time leaves.

A playlist that is held until its next part takes as long as a part, a segment that exists takes a round trip: so each
kind of object has its own measure. It is TCP's for retransmission: the smoothed wait and four times its deviation
(RFC 6298 §2), which a second question after it keeps to a few in a hundred.
"""

GAIN, DEVIATION_GAIN, DEVIATIONS = 1 / 8, 1 / 4, 4.0


class Patience:
    """Waits by kind; an answer is late after `wait_s(kind)`, never before `least_s` and always after `most_s`."""

    def __init__(self, least_s: float, most_s: float) -> None:
        self.least_s = least_s
        self.most_s = most_s
        self._usual: dict[str, tuple[float, float]] = {}

    def __repr__(self) -> str:
        return f"<Patience { ({kind: round(self.wait_s(kind), 3) for kind in self._usual}) }>"

    def took(self, kind: str, wait_s: float) -> None:
        """An answer of this kind took so long."""
        if kind not in self._usual:
            self._usual[kind] = wait_s, wait_s / 2
            return
        mean, deviation = self._usual[kind]
        deviation += DEVIATION_GAIN * (abs(wait_s - mean) - deviation)
        self._usual[kind] = mean + GAIN * (wait_s - mean), deviation

    def wait_s(self, kind: str) -> float:
        """After so long an answer of this kind is late."""
        if kind not in self._usual:
            return self.most_s / 2
        mean, deviation = self._usual[kind]
        return min(self.most_s, max(self.least_s, mean + DEVIATIONS * deviation))
