"""An MPD (ISO/IEC 23009-1) as a player needs it: what there is to play, where, from when on, and how far behind live.

Bytes and the URL they came from enter, a Presentation leaves, frozen and shared by all viewers. Whatever a player does
not need is passed over, whatever it needs and cannot be read is an MpdError. Document types and entities are refused
unread, and so is a document over LIMIT bytes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf, isfinite
from urllib.parse import urljoin
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ringside.prove.crowd.player.mpdxml import MpdError, child, children, name_of, offset, real, seconds, unix_s, whole
from ringside.prove.crowd.player.presentation import (
    AdaptationSet,
    Latency,
    Medium,
    Period,
    Presentation,
    Reference,
    Representation,
)
from ringside.prove.crowd.player.segments import Addressing, Line, Listed, Numbered, Run, Timeline, fill

LIMIT = 8 << 20
FORBIDDEN = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
Values = Mapping[str, int | str]
KINDS: dict[str, Medium] = {"video": "video", "audio": "audio"}
ENDLESS = 1 << 40
"""Repeats of a segment whose period has no end."""


def read(body: bytes, url: str) -> Presentation:
    """The MPD in `body`, fetched from `url`. Raises MpdError."""
    if len(body) > LIMIT:
        raise MpdError(f"the MPD has {len(body)} bytes; {LIMIT} are the most")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MpdError("the MPD is not UTF-8") from None
    if FORBIDDEN.search(text):
        raise MpdError("the MPD has a document type declaration or an entity")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise MpdError(f"the MPD is not XML: {error}") from None
    if name_of(root) != "MPD":
        raise MpdError(f"the document is a {name_of(root)[:40]}, not an MPD")
    try:
        return _presentation(root, url)
    except (OverflowError, ArithmeticError) as error:
        raise MpdError(f"the MPD has a number out of range: {error}") from None


# -- the elements, from the outside in


def _presentation(root: Element, url: str) -> Presentation:
    dynamic = root.get("type") == "dynamic"
    whole_s = seconds(root, "mediaPresentationDuration")
    periods = tuple(_periods(root, _At(url).inside(root), whole_s))
    if not any(period.sets for period in periods):
        raise MpdError("the MPD has nothing to play: no period with video or audio")
    description = child(root, "ServiceDescription")
    start = root.get("availabilityStartTime")
    depth_s = seconds(root, "timeShiftBufferDepth")
    return Presentation(
        url=url,
        dynamic=dynamic,
        epoch_s=unix_s(root, "availabilityStartTime") if start and dynamic else 0.0,
        update_s=seconds(root, "minimumUpdatePeriod") if dynamic else None,
        delay_s=seconds(root, "suggestedPresentationDelay"),
        depth_s=depth_s or inf,  # nginx-rtmp writes 0 and means nothing by it
        min_buffer_s=seconds(root, "minBufferTime") or 0.0,
        latency=_latency(description),
        rates=_rates(description),
        clocks=tuple((e.get("schemeIdUri", ""), urljoin(url, e.get("value", ""))) for e in children(root, "UTCTiming")),
        periods=tuple(period for period in periods if period.sets),
    )


def _periods(root: Element, at: "_At", whole_s: float | None) -> Iterator[Period]:
    elements = children(root, "Period")
    starts: list[float] = []
    ends: list[float] = []
    next_s = 0.0
    for element in elements:
        start_s = seconds(element, "start")
        starts.append(next_s if start_s is None else start_s)
        length_s = seconds(element, "duration")
        ends.append(inf if length_s is None else starts[-1] + length_s)
        next_s = ends[-1] if isfinite(ends[-1]) else starts[-1]
    for place, element in enumerate(elements):
        end_s = ends[place]
        if end_s == inf:
            follower_s = starts[place + 1] if place + 1 < len(starts) else whole_s
            end_s = inf if follower_s is None else follower_s
        yield _period(element, replace(at, start_s=starts[place], end_s=end_s))


def _period(element: Element, at: "_At") -> Period:
    at = at.inside(element)
    sets = [_set(found, element, at) for found in children(element, "AdaptationSet")]
    return Period(element.get("id", ""), at.start_s, at.end_s, tuple(one for one in sets if one is not None))


def _set(element: Element, period: Element, at: "_At") -> AdaptationSet | None:
    elements = children(element, "Representation")
    kind = _kind(element, elements)
    if kind is None:
        return None
    at = at.inside(element)
    found = [_representation(one, element, period, at.inside(one)) for one in elements]
    representations = [one for one in found if one is not None]
    if not representations:
        return None
    return AdaptationSet(
        kind,
        element.get("lang", ""),
        any(role.get("value") == "main" for role in children(element, "Role")),
        tuple(sorted(representations, key=lambda one: one.bandwidth_bps)),
        _reference(element, elements[0], representations[0].segments.line),
    )


def _kind(element: Element, representations: list[Element]) -> Medium | None:
    for source in (element, *representations):
        named = source.get("contentType") or (source.get("mimeType") or "").partition("/")[0]
        if named:
            return KINDS.get(named)
    return None


def _representation(element: Element, parent: Element, period: Element, at: "_At") -> Representation | None:
    id, bandwidth_bps = element.get("id", ""), whole(element, "bandwidth", 0)
    values: Values = {"RepresentationID": id, "Bandwidth": bandwidth_bps}
    for name, reader in ADDRESSINGS:
        levels = [found for level in (element, parent, period) if (found := child(level, name)) is not None]
        if levels or (reader is _file and at.end_s < inf and child(element, "BaseURL") is not None):
            merged = _Merged(levels)
            addressing, init_url = reader(merged, at.line(merged), at.base, values)
            return Representation(
                id,
                bandwidth_bps,
                element.get("codecs") or parent.get("codecs") or "",
                whole(element, "width", 0),
                whole(element, "height", 0),
                init_url,
                addressing,
                at.early_s + offset(merged.get("availabilityTimeOffset")),
                merged.get("availabilityTimeComplete") == "false",
            )
    return None


@dataclass(frozen=True, slots=True)
class _At:
    """What elements hand down to those inside them: BaseURL, its availabilityTimeOffset, and the period's ends."""

    base: str
    early_s: float = 0.0
    start_s: float = 0.0
    end_s: float = inf

    def inside(self, element: Element) -> "_At":
        """The first BaseURL, resolved, and availabilityTimeOffset summed over the levels (§5.3.9.5.3)."""
        found = child(element, "BaseURL")
        if found is None:
            return self
        base = urljoin(self.base, (found.text or "").strip())
        return replace(self, base=base, early_s=self.early_s + offset(found.get("availabilityTimeOffset")))

    def line(self, merged: "_Merged") -> Line:
        timescale, pto = merged.whole("timescale", 1), merged.whole("presentationTimeOffset", 0)
        return Line(max(1, timescale), pto, self.start_s, self.end_s)


class _Merged:
    """The same element on several levels: what the inner one leaves unsaid is said by the outer (§5.3.9.1)."""

    def __init__(self, chain: list[Element]) -> None:
        self.chain = chain

    def get(self, name: str) -> str | None:
        return next((one.attrib[name] for one in self.chain if name in one.attrib), None)

    def whole(self, name: str, default: int) -> int:
        return next((whole(one, name, default) for one in self.chain if name in one.attrib), default)

    def child(self, name: str) -> Element | None:
        return next((found for one in self.chain if (found := child(one, name)) is not None), None)


def _template(merged: _Merged, line: Line, base: str, values: Values) -> tuple[Addressing, str | None]:
    media = urljoin(base, fill(merged.get("media") or "", **values))
    init = merged.get("initialization")
    init_url = None if init is None else urljoin(base, fill(fill(init, **values), Number=0))
    number = merged.whole("startNumber", 1)
    timeline = merged.child("SegmentTimeline")
    if timeline is not None:
        return Timeline(line, _runs(timeline, line, number), media), init_url
    duration = merged.whole("duration", 0)
    if duration <= 0:
        raise MpdError("a SegmentTemplate has neither a duration nor a SegmentTimeline")
    last = merged.get("endNumber")
    return Numbered(line, duration, number, None if last is None else merged.whole("endNumber", 0), media), init_url


def _runs(timeline: Element, line: Line, number: int) -> tuple[Run, ...]:
    runs: list[Run] = []
    elements = children(timeline, "S")
    at = 0
    for place, element in enumerate(elements):
        at = whole(element, "t", at)
        duration, repeats = whole(element, "d", 0), whole(element, "r", 0)
        if duration <= 0:
            raise MpdError("a SegmentTimeline has a segment without duration")
        count = repeats + 1
        if repeats < 0:
            count = _until(elements[place + 1] if place + 1 < len(elements) else None, at, duration, line)
        if count > 0:
            number = whole(element, "n", number)
            runs.append(Run(at, duration, count, number))
        at, number = at + count * duration, number + count
    return tuple(sorted(runs, key=lambda run: run.ticks))


def _until(follower: Element | None, at: int, duration: int, line: Line) -> int:
    """How often a segment repeats for r=-1: up to the next S, or to the end of the period (§5.3.9.6.2)."""
    if follower is not None and "t" in follower.attrib:
        return max(0, -(-(whole(follower, "t", 0) - at) // duration))
    if line.period_end_s == inf:
        return ENDLESS
    end = line.pto_ticks + (line.period_end_s - line.period_s) * line.timescale
    return max(0, -int(-(end - at) // duration))


def _list(merged: _Merged, line: Line, base: str, values: Values) -> tuple[Addressing, str | None]:
    init = merged.child("Initialization")
    init_url = None if init is None or not init.get("sourceURL") else urljoin(base, init.attrib["sourceURL"])
    urls = tuple(urljoin(base, one.get("media", "")) for one in children(merged.chain[0], "SegmentURL"))
    duration = merged.whole("duration", 0)
    if duration <= 0 or not urls:
        raise MpdError("a SegmentList has no segments, or no duration")
    return Listed(line, duration, merged.whole("startNumber", 1), urls), init_url


def _file(merged: _Merged, line: Line, base: str, values: Values) -> tuple[Addressing, str | None]:
    """One file for the whole period; it is fetched whole."""
    if line.period_end_s == inf:
        raise MpdError("a SegmentBase needs a period with an end")
    duration = max(1, round((line.period_end_s - line.period_s) * line.timescale))
    return Listed(line, duration, 1, (base,)), None


def _reference(element: Element, representation: Element, line: Line) -> Reference | None:
    found = child(element, "ProducerReferenceTime")
    if found is None:
        found = child(representation, "ProducerReferenceTime")
    if found is None or not found.get("wallClockTime"):
        return None
    shown_s = line.shown_s(whole(found, "presentationTime", 0))
    return Reference(found.get("id", ""), found.get("type", "encoder"), unix_s(found, "wallClockTime"), shown_s)


def _latency(description: Element | None) -> Latency | None:
    found = None if description is None else child(description, "Latency")
    if found is None or "target" not in found.attrib:
        return None
    least, most = (whole(found, name, -1) for name in ("min", "max"))
    return Latency(
        whole(found, "target", 0) / 1000,
        None if least < 0 else least / 1000,
        None if most < 0 else most / 1000,
        found.get("referenceId"),
    )


def _rates(description: Element | None) -> tuple[float, float] | None:
    found = None if description is None else child(description, "PlaybackRate")
    if found is None:
        return None
    return real(found, "min", 1.0), real(found, "max", 1.0)


ADDRESSINGS: tuple[tuple[str, Callable[[_Merged, Line, str, Values], tuple[Addressing, str | None]]], ...] = (
    ("SegmentTemplate", _template),
    ("SegmentList", _list),
    ("SegmentBase", _file),
)
