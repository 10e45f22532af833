"""Cadence: keeps a source whose rate is the programme's from stuttering where the two grids nearly coincide.

Were pictures always taken at the frame's own time, a source whose pictures come within their jitter of that time
would be shown once twice and once not at all, over and over. So there are two sampling points, a quarter of a
frame apart; when a picture comes too near to the one in use, the other is taken.
"""

NEAR_NS = 3_000_000


class Cadence:
    """Chooses between a frame's time and a quarter of a frame later."""

    def __init__(self, frame_ns: int) -> None:
        self._leads = (0, frame_ns // 4)
        self._near_ns = min(NEAR_NS, frame_ns // 10)
        self.lead_ns = 0

    def update(self, frame_ns: int, before_ns: int | None, after_ns: int | None) -> None:
        """Given the pictures before and after the present sampling point of a frame, move it if one is too near."""
        sample_ns = frame_ns + self.lead_ns
        for at_ns in (before_ns, after_ns):
            if at_ns is not None and abs(at_ns - sample_ns) < self._near_ns:
                self.lead_ns = self._leads[0] if self.lead_ns else self._leads[1]
                return
