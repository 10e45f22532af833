"""Cadence: keeps a source whose rate is the programme's from stuttering where the two grids nearly coincide.

Were pictures always taken at the frame's own time, a source whose pictures come within their jitter of that time
would be shown once twice and once not at all, over and over. So the sampling point gives way: when the picture
just taken comes near it, it moves a quarter of a frame later, when the one to come does, a quarter earlier; either
way the same picture is taken as before. It moves a quarter of a frame at most from the frame's time; a clock that
drifts on past that costs one picture, shown twice or not at all, for each frame that it drifts.
"""

NEAR_NS = 3_000_000


class Cadence:
    """Where in a frame the source is sampled: `lead_ns` after the frame's time, or before it when negative."""

    def __init__(self, frame_ns: int) -> None:
        self._quarter_ns = frame_ns // 4
        self._near_ns = min(NEAR_NS, frame_ns // 10)
        self.lead_ns = 0

    def update(self, frame_ns: int, before_ns: int | None, after_ns: int | None) -> None:
        """Given the times of the pictures before and after a frame's sampling point, move it if one is too near."""
        sample_ns = frame_ns + self.lead_ns
        if before_ns is not None and sample_ns - before_ns < self._near_ns:
            self._move(self._quarter_ns)
        elif after_ns is not None and after_ns - sample_ns < self._near_ns:
            self._move(-self._quarter_ns)

    def _move(self, by_ns: int) -> None:
        if abs(self.lead_ns + by_ns) > self._quarter_ns:
            self.lead_ns = -self.lead_ns
        else:
            self.lead_ns += by_ns
