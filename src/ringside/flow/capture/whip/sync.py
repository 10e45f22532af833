"""Sync: the RTP times of a picture and a sound, each from a zero of its own, on one clock. Pure.

The theory (RFC 3550, 6.4.1). A sender's reports say which instant of its wall clock a stream's RTP time stands for;
only by two of them, one of each stream, is it known what belongs together. They come late (a browser's for sound after
two seconds), so each stream first lies by the arrival of its first frame; when both reports are known the sound moves,
once, to where it belongs beside the picture. Later reports show how the two drift apart: what is off by less than
STEP_NS is followed slowly, for the ear. The sender's wall clock need not be right, nor agree with ours: only the
difference of two readings counts; readings that lie MOST_APART_NS from what the arrivals say are another clock's, and
left alone. RTP times wrap at 32 bits; one that jumps (B-frames do not) begins its stream anew.
"""

from dataclasses import dataclass

from ringside.flow.capture.coded.unit import Kind

NS_PER_S = 1_000_000_000
JUMP_NS = 10_000_000_000
STEP_NS = 20_000_000
MOST_APART_NS = 2_000_000_000
SLEW = 0.1  # of the difference, at each report
_WRAP = 1 << 32


@dataclass(slots=True)
class _Stream:
    rate_hz: int
    rtp: int  # of the newest frame, unwrapped
    arrival_ns: int
    offset_ns: int  # from media time to the common clock
    wall_ns: int | None = None  # from media time to the sender's wall clock

    def media_ns(self, rtp: int) -> int:
        return rtp * NS_PER_S // self.rate_hz

    def unwrap(self, rtp: int) -> int:
        """The reading of a 32-bit RTP time that lies nearest to the newest frame's."""
        return self.rtp + (rtp - self.rtp + _WRAP // 2) % _WRAP - _WRAP // 2


class Sync:
    """One publisher's clock, in nanoseconds; it begins at the arrival of the first frame."""

    def __init__(self) -> None:
        self.moved_ns = 0  # by how much the sound was moved at once, so far
        self._settled = False
        self._streams: dict[Kind, _Stream] = {}
        self._reports: dict[Kind, tuple[int, int]] = {}  # that came before any frame: wall ns, RTP time

    def __repr__(self) -> str:
        return f"<Sync {', '.join(self._streams)}{' by reports' if self._is_told else ''}>"

    @property
    def _is_told(self) -> bool:
        return len(self._streams) == 2 and all(stream.wall_ns is not None for stream in self._streams.values())

    def place(self, kind: Kind, rtp: int, rate_hz: int, arrival_ns: int) -> int:
        """Where a frame lies on the common clock, nanoseconds; `arrival_ns` never goes back."""
        stream = self._streams.get(kind)
        if stream is None or stream.rate_hz != rate_hz:
            stream = self._begin(kind, rtp, rate_hz, arrival_ns)
        else:
            unwrapped = stream.unwrap(rtp)
            went_ns = stream.media_ns(unwrapped) - stream.media_ns(stream.rtp)
            if abs(went_ns - (arrival_ns - stream.arrival_ns)) > JUMP_NS:
                stream = self._begin(kind, rtp, rate_hz, arrival_ns)
            else:
                stream.rtp, stream.arrival_ns = unwrapped, arrival_ns
        return stream.media_ns(stream.rtp) + stream.offset_ns

    def report(self, kind: Kind, wall_ns: int, rtp: int) -> None:
        """A sender report of a stream: RTP time `rtp` is `wall_ns` on the sender's wall clock."""
        stream = self._streams.get(kind)
        if stream is None:
            self._reports[kind] = (wall_ns, rtp)
            return
        stream.wall_ns = wall_ns - stream.media_ns(stream.unwrap(rtp))
        if self._is_told:
            self._settle()

    def _begin(self, kind: Kind, rtp: int, rate_hz: int, arrival_ns: int) -> _Stream:
        stream = _Stream(rate_hz, rtp, arrival_ns, 0)
        stream.offset_ns, self._settled = arrival_ns - stream.media_ns(rtp), False
        self._streams[kind] = stream
        if (told := self._reports.pop(kind, None)) is not None:
            self.report(kind, *told)
        return stream

    def _settle(self) -> None:
        """Lay the sound beside the picture."""
        sound, picture = self._streams["audio"], self._streams["video"]
        assert sound.wall_ns is not None
        assert picture.wall_ns is not None
        off_ns = sound.wall_ns - picture.wall_ns - (sound.offset_ns - picture.offset_ns)
        if abs(off_ns) > MOST_APART_NS:
            return
        if abs(off_ns) > STEP_NS or not self._settled:
            self._settled = True
            sound.offset_ns += off_ns
            self.moved_ns += off_ns
        else:
            sound.offset_ns += round(off_ns * SLEW)
