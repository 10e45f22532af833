"""Render: a track's View as its media playlist, whole and as a delta update (rfc8216bis §6.2.2, §6.2.5.1, App. B).

In goes a View for every part; out go the bytes to serve. What was printed once stays printed: a segment older than
the parts window is text that is only copied, so a part costs the same however deep the window is, but for the copy.
A segment that is complete and out of the parts window must therefore not change any more.

Durations are as `wording` has them: since a printed part is never longer than its true length rounded up to the
microsecond, PART-TARGET rounded up to 10 µs covers it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from pydantic import BaseModel, ConfigDict, Field

from ringside.core.media import Part, Segment, View
from ringside.flow.mux.hls import lines
from ringside.flow.mux.hls.flags import EndList, IndependentSegments
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.numbers import DiscontinuitySequence, MediaSequence, TargetDuration, Version
from ringside.flow.mux.hls.part import Part as PartTag
from ringside.flow.mux.hls.part_inf import PartInf
from ringside.flow.mux.hls.preload_hint import PreloadHint
from ringside.flow.mux.hls.rendition_report import RenditionReport
from ringside.flow.mux.hls.server_control import ServerControl
from ringside.flow.mux.hls.skip import Skip
from ringside.flow.mux.hls.tag import Tag
from ringside.flow.mux.hls.wording import block, closing, opening, seconds

_PARTS_TARGETS = 3  # §6.2.2: parts leave the playlist once more than 3 TD from its end
_HOLD_TARGETS = 3  # §4.4.3.8: HOLD-BACK is at least 3 TD
_SKIP_TARGETS = 6  # §4.4.3.8: CAN-SKIP-UNTIL is at least 6 TD


class Config(BaseModel):
    """What an event may choose about its media playlists; the same for all of them (§4.4.3.8)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part_hold_back_s: float = Field(default=0.9, ge=0, le=30)  # raised to three part targets when below


@dataclass(slots=True)
class _Text:
    """A segment in the parts window as text: what comes before its parts, its part lines, what closes it."""

    segment: Segment
    opening: str
    parts: list[str] = field(default_factory=list)

    def fits(self, segment: Segment) -> bool:
        """Whether `segment` is the same one, perhaps grown."""
        old = self.segment
        return (
            (old.init_name, old.start_ticks, old.gap) == (segment.init_name, segment.start_ticks, segment.gap)
            and old.discontinuity == segment.discontinuity
            and segment.parts[: len(old.parts)] == old.parts
        )


class MediaRenderer:
    """Writes one track's media playlist, version after version."""

    def __init__(self, track_name: str, config: Config | None = None) -> None:
        self.track_name = track_name
        self._config = config or Config()
        self._settled = bytearray()  # text of the segments older than the parts window
        self._lengths: deque[int] = deque()  # of each of them
        self._first = 0  # number of the first of them
        self._recent: dict[int, _Text] = {}
        self._previous: Segment | None = None  # the newest settled segment

    def __repr__(self) -> str:
        held = len(self._lengths) + len(self._recent)
        return f"<MediaRenderer {self.track_name} {held} segments, {len(self._settled)} B settled>"

    def render(self, view: View, siblings: Sequence[tuple[str, View]] = ()) -> tuple[bytes, bytes]:
        """The playlist and its delta update (`_HLS_skip=YES`; b"" when nothing can be skipped).

        `siblings`: the relative URI of each other rendition's playlist, and its View. Raises ValueError when the
        view's numbers have a hole: the origin fills holes with gap segments.
        """
        segments = listed(view)
        if segments and segments[-1].number - segments[0].number + 1 != len(segments):
            raise ValueError(f"{self.track_name}: segments {segments[0]!r} to {segments[-1]!r} are not consecutive")
        timescale = view.track.timescale
        window = _in_parts_window(view, segments)
        self._settle(segments, len(segments) - window, timescale)
        recent = self._recent_text(view, segments[len(segments) - window :])
        header, trailer = _header(view, self._config, segments), _trailer(view, segments, siblings)
        init = Map(segments[0].init_name).write() + "\n" if segments else ""
        full = b"".join([f"{header}{init}".encode(), self._settled, recent, trailer])
        skipped = _skippable(view, segments)
        if not skipped:
            return full, b""
        # The MAP is repeated: it costs a line, and players that do not merge init segments need it.
        init = Map(segments[skipped].init_name).write() + "\n"
        kept = sum(self._lengths[i] for i in range(skipped, len(self._lengths)))
        tail = memoryview(self._settled)[len(self._settled) - kept :]
        delta = b"".join([f"{header}{Skip(skipped).write()}\n{init}".encode(), tail, recent, trailer])
        tail.release()
        return full, delta

    def _settle(self, segments: Sequence[Segment], count: int, timescale: int) -> None:
        """Bring the settled text in line with the first `count` segments."""
        start = segments[0].number if segments else 0
        if not self._first <= start <= self._first + len(self._lengths) <= start + count:
            self._settled.clear()
            self._lengths.clear()
            self._recent.clear()
            self._first, self._previous = start, None
        while self._first < start:
            del self._settled[: self._lengths.popleft()]
            self._first += 1
        for segment in segments[len(self._lengths) : count]:
            text = (opening(segment, self._previous, timescale) + closing(segment, timescale)).encode()
            self._settled += text
            self._lengths.append(len(text))
            self._recent.pop(segment.number, None)
            self._previous = segment

    def _recent_text(self, view: View, segments: Sequence[Segment]) -> bytes:
        """The segments of the parts window, printing only what is new."""
        timescale = view.track.timescale
        out: list[str] = []
        before = self._previous
        for segment in segments:
            text = self._recent.get(segment.number)
            if text is None or not text.fits(segment):
                text = self._recent[segment.number] = _Text(segment, opening(segment, before, timescale))
            if view.part_target_s:
                text.parts += [_part(segment, part, timescale) for part in segment.parts[len(text.parts) :]]
            text.segment = segment
            out += [text.opening, *text.parts]
            if segment.complete or view.ended:
                out.append(closing(segment, timescale))
            before = segment
        return "".join(out).encode()


def listed(view: View) -> Sequence[Segment]:
    """The segments that a playlist can list: the last one in progress only once it has a part to show."""
    if view.segments and not view.segments[-1].complete:
        last = view.segments[-1]
        if not last.parts or (not view.part_target_s and not view.ended):
            return view.segments[:-1]
    return view.segments


def part_target(view: View) -> Decimal:
    """PART-TARGET as printed: rounded up, so that no printed part is longer (§4.4.4.9)."""
    return Decimal(repr(view.part_target_s)).quantize(Decimal("0.00001"), ROUND_CEILING)


def _in_parts_window(view: View, segments: Sequence[Segment]) -> int:
    """How many of the last segments may still change or show their parts: whole ones, or not at all.

    A segment's parts go before the next part would put the first of them more than 3 TD from the end. Never more than
    three segments show them, a segment that is only hinted counted: readers exist that count instead of adding up.
    """
    if not segments:
        return 0
    timescale = view.track.timescale
    horizon = segments[-1].start_ticks + segments[-1].duration_ticks
    horizon -= _PARTS_TARGETS * view.target_s * timescale - round(view.part_target_s * timescale)
    count, most = 1, _PARTS_TARGETS - (segments[-1].complete and not view.ended)
    while count < min(len(segments), most) and view.part_target_s and segments[-count - 1].start_ticks >= horizon:
        count += 1
    return count


def _skippable(view: View, segments: Sequence[Segment]) -> int:
    """How many segments lie wholly before the skip boundary (§6.2.5.1). After ENDLIST directives are ignored."""
    if not view.part_target_s or view.ended or not segments:
        return 0
    boundary = segments[-1].start_ticks + segments[-1].duration_ticks
    boundary -= _SKIP_TARGETS * view.target_s * view.track.timescale
    count = len(segments)
    while count and segments[count - 1].start_ticks + segments[count - 1].duration_ticks > boundary:
        count -= 1
    return count


def _part(segment: Segment, part: Part, timescale: int) -> str:
    duration = seconds(part.start_ticks, part.duration_ticks, timescale)
    gap = part.gap or segment.gap  # §6.2.1: the parts of a gap are gaps
    return block(PartTag(duration, f"{segment.number}.{part.index}.m4s", part.independent, gap=gap))


def _version(view: View, segments: Sequence[Segment]) -> int:
    """The lowest that the playlist needs (§8): 9 where segments can be skipped, 8 with GAP, 6 with MAP."""
    if view.part_target_s:
        return 9
    return 8 if any(segment.gap for segment in segments) else 6


def _control(view: View, config: Config) -> list[Tag]:
    hold_back = Decimal(_HOLD_TARGETS * view.target_s)
    if not view.part_target_s:
        return [ServerControl(can_block_reload=True, hold_back=hold_back)]
    target = part_target(view)
    part_hold_back = max(Decimal(repr(config.part_hold_back_s)), 3 * target)
    until = Decimal(_SKIP_TARGETS * view.target_s)
    control = ServerControl(True, until, hold_back=hold_back, part_hold_back=part_hold_back)
    return [control, PartInf(target)]


def _header(view: View, config: Config, segments: Sequence[Segment]) -> str:
    number = segments[0].number if segments else max(0, view.next[0])
    tags: list[Tag] = [Version(_version(view, segments)), IndependentSegments(), TargetDuration(view.target_s)]
    tags += [*_control(view, config), MediaSequence(number)]
    if view.discontinuity_sequence or any(segment.discontinuity for segment in view.segments):
        tags.append(DiscontinuitySequence(view.discontinuity_sequence))
    return lines.write(tags)


def _trailer(view: View, segments: Sequence[Segment], siblings: Sequence[tuple[str, View]]) -> bytes:
    tags: list[Tag] = []
    if view.part_target_s and not view.ended:
        tags = _hints(view, segments)
    for uri, sibling in siblings:
        others = listed(sibling)
        if others:
            last = others[-1]
            part = last.parts[-1].index if last.parts and sibling.part_target_s else None
            tags.append(RenditionReport(uri, last.number, part))
    if view.ended:
        tags.append(EndList())
    return block(*tags).encode()


def _hints(view: View, segments: Sequence[Segment]) -> list[Tag]:
    """The next part, after its header when that is new (§4.4.5.3). The part comes last: hls.js reads the last."""
    number, part = view.next
    tags: list[Tag] = []
    if part == 0 and segments and segments[-1].init_name != view.track.init_name:
        tags.append(PreloadHint("MAP", view.track.init_name))
    return [*tags, PreloadHint("PART", f"{number}.{part}.m4s")]
