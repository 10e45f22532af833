"""Retire: how long media stays fetchable after the playlist stopped naming it, and what goes when.

Parts: their tags leave the playlist 3 target durations from its end, and they may be fetched for as long again
(rfc8216bis §6.2.2). Segments: their own duration plus that of the longest playlist that named them. Only the byte
limit may cut that short, as memory must hold.
"""

from collections import deque
from dataclasses import dataclass

from ringside.core.feed import Message, Removed
from ringside.core.media import Segment
from ringside.flow.origin.lane import Lane

PARTS_SHOWN = 3  # target durations
SLACK_S = 1.0  # a playlist goes out with the track's next part, a little after its window slid


@dataclass(frozen=True, slots=True)
class _Leaving:
    at_ns: int
    lane: Lane
    segment: Segment


class Retirement:
    """Segments and parts that the playlists name no more."""

    def __init__(self) -> None:
        self._segments: deque[_Leaving] = deque()
        self._parts: deque[_Leaving] = deque()
        self._shown: dict[str, int] = {}  # by lane: the newest segment whose parts are not shown any more
        self.cut_short = 0  # segments that the byte limit took early

    def unshown(self, lane: Lane, target_s: int, now_ns: int) -> None:
        """Note which of a lane's segments are far enough from its end to have lost their part tags."""
        window, newest = lane.window, self._shown.get(lane.track.name, -1)
        horizon = window.end_ticks - (PARTS_SHOWN + 1) * target_s * lane.track.timescale
        fresh = []
        for segment in reversed(window.segments):
            if segment.number <= newest:
                break
            if segment.start_ticks + segment.duration_ticks <= horizon:
                fresh.append(segment)
        at_ns = now_ns + PARTS_SHOWN * target_s * 10**9
        for segment in reversed(fresh):
            self._shown[lane.track.name] = segment.number
            self._parts.append(_Leaving(at_ns, lane, segment))

    def evicted(self, lane: Lane, segments: list[Segment], longest_s: float, now_ns: int) -> None:
        """These segments left the playlist, which was at most `longest_s` long."""
        for segment in segments:
            stays_s = segment.duration_ticks / lane.track.timescale + longest_s + SLACK_S
            self._segments.append(_Leaving(now_ns + int(stays_s * 1e9), lane, segment))

    def due(self, now_ns: int, held_bytes: int, limit_bytes: int) -> list[Message]:
        """What nobody may ask for any more; with more than `limit_bytes` held, also what should have stayed."""
        out: list[Message] = []
        while self._parts and self._parts[0].at_ns <= now_ns:
            leaving = self._parts.popleft()
            out += _parts_removed(leaving)
        while self._segments and (self._segments[0].at_ns <= now_ns or held_bytes > limit_bytes):
            leaving = self._segments.popleft()
            self.cut_short += leaving.at_ns > now_ns
            path = leaving.lane.forget(leaving.segment)
            if path:
                out.append(Removed(path))
                held_bytes -= leaving.segment.size
        return out


def _parts_removed(leaving: _Leaving) -> list[Message]:
    lane, segment = leaving.lane, leaving.segment
    return [Removed(lane.part_path(segment.number, part.index)) for part in segment.parts if not part.gap]
