"""The MPD of an event out of its archive (ISO/IEC 23009-1): static, a Period for each stretch without a break.

In go the tracks, each with all its headers and the columns of its segments; out comes the document. A number has no
media where an encoder was away, and SegmentTemplate@duration cannot say so: the stretch before ends its Period, and
the next begins one. What nobody has is left out of the presentation instead of being a hole in it, for players stumble
over holes; the ProducerReferenceTime of a Period says when it was. A rung that is missing from a stretch is missing
from its Period; where all sound or all pictures are missing there is none, for players want the same kinds throughout.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ringside.core.catalog import Roll
from ringside.core.media import NS_PER_S, Segment, Track, View
from ringside.flow.mux.dash.adaptation import HTTP_ISO, HTTP_XSDATE, adaptation_sets
from ringside.flow.mux.dash.config import Config
from ringside.flow.mux.dash.element import NAMESPACE, document, duration, element
from ringside.flow.mux.dash.mpd import CMAF, LIVE
from ringside.flow.mux.dash.timing import LATE_S, Timing


@dataclass(frozen=True, slots=True)
class Recorded:
    """A track as an archive has it: its versions by the name of their header, whole, and its segments."""

    versions: Mapping[str, Track]
    roll: Roll

    def has(self, number: int) -> bool:
        """Whether there is media of this number, and a header for it."""
        if number not in self.roll:
            return False
        segment = self.roll[number]
        return not segment.gap and segment.init_name in self.versions

    def at(self, number: int) -> Track:
        """The track as it was at a number that it has."""
        return self.versions[self.roll[number].init_name]

    def start_s(self, number: int) -> Fraction:
        """Where the media of a number that it has begins, in Unix time."""
        return Fraction(self.roll[number].start_ticks, self.at(number).timescale)

    def end_s(self, number: int) -> Fraction:
        """Where it ends."""
        segment = self.roll[number]
        return Fraction(segment.start_ticks + segment.duration_ticks, self.at(number).timescale)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Numbers from `first` to below `after`, which all of `members` have without a break."""

    first: int
    after: int
    members: tuple[Recorded, ...]


def recorded(tracks: Sequence[Recorded], config: Config) -> bytes:
    """The MPD of a whole recording; media is at `{track}/{number}.m4s` beside it. b"" where there is no media."""
    at_s = Fraction(0)
    periods = []
    for stretch in stretches(tracks):
        when = _timing(stretch, config.segment_s, at_s)
        assert when.duration_s is not None
        if when.duration_s > 0:
            lasts = {"start": duration(at_s), "duration": duration(when.duration_s)}
            views = [_view(member, stretch, when.listed) for member in stretch.members]
            periods.append(element("Period", {"id": when.number, **lasts}, *adaptation_sets(views, when, config)))
            at_s += Fraction(int(when.duration_s * 1000), 1000)  # as printed, so that nothing drifts apart
    if not periods:
        return b""
    root = element(
        "MPD",
        {
            "xmlns": NAMESPACE,
            "profiles": f"{LIVE},{CMAF}",
            "type": "static",
            "minBufferTime": "PT1S",
            "maxSegmentDuration": duration(config.segment_s),
            "mediaPresentationDuration": duration(at_s),
        },
        *periods,
        *(element("UTCTiming", {"schemeIdUri": it, "value": config.clock_url}) for it in (HTTP_ISO, HTTP_XSDATE)),
    )
    return document(root)


def stretches(tracks: Sequence[Recorded]) -> Iterator[Stretch]:
    """The stretches of a recording, in order, each as long as can be."""
    kinds = {track.kind for recording in tracks for track in recording.versions.values()}
    breaks = [set(recording.roll.breaks()) for recording in tracks]
    ends = {recording.roll.after for recording in tracks}
    edges = sorted(set().union(*breaks, ends))
    open_: Stretch | None = None
    for first, after in itertools.pairwise(edges):
        members = tuple(recording for recording in tracks if recording.has(first))
        whole = {member.at(first).kind for member in members} == kinds
        broken = any(first in marks for recording, marks in zip(tracks, breaks, strict=True) if recording in members)
        if open_ is not None and whole and not broken and open_.members == members:
            open_ = Stretch(open_.first, after, members)
            continue
        if open_ is not None:
            yield open_
        open_ = Stretch(first, after, members) if whole and members else None
    if open_ is not None:
        yield open_


def _timing(stretch: Stretch, step: Fraction, at_s: Fraction) -> Timing:
    """Where the stretch lies; without its first segment where that is a mere rest."""
    first, last, members = stretch.first, stretch.after - 1, stretch.members
    locked = all(abs(it.start_s(last) - last * step) < LATE_S for it in members)
    starts = [it.start_s(first) for it in members]
    if locked and first < last and max(starts) - first * step > LATE_S:
        first += 1  # the event, or an encoder that came back, began within it
    media_s = first * step if locked else max(starts)
    end_s = min(it.end_s(last) for it in members)
    if locked:
        end_s = min(end_s, (last + 1) * step)
    length_s = max(Fraction(0), end_s - media_s)
    unix_ns = int(media_s * NS_PER_S)
    return Timing(step, first, media_s, at_s, unix_ns, locked, length_s, length_s, listed=not locked)


def _view(member: Recorded, stretch: Stretch, listed: bool) -> View:
    """The track as writers of manifests see it, with segments only where they are to be listed."""
    track = member.at(stretch.first)
    segments: tuple[Segment, ...] = ()
    if listed:
        segments = tuple(member.roll.segments(stretch.first, stretch.after))
    return View(track, segments, (stretch.after, 0), 0, 0.0, ended=True)
