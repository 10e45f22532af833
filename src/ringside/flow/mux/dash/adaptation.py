"""AdaptationSet and Representation (ISO/IEC 23009-1 §5.3.3, §5.3.5): tracks that a player may switch between.

Everything that a low-latency player needs to know about one kind of media stands here: SegmentTemplate with
availabilityTimeOffset, ProducerReferenceTime, Resync. The order of elements is the schema's.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from xml.etree.ElementTree import Element

from ringside.core.media import Track, View
from ringside.flow.mux.dash.config import Config
from ringside.flow.mux.dash.element import date, decimal, element, rate
from ringside.flow.mux.dash.timing import Timing, complete

CHANNELS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
ROLE = "urn:mpeg:dash:role:2011"
HTTP_ISO = "urn:mpeg:dash:utc:http-iso:2014"
HTTP_XSDATE = "urn:mpeg:dash:utc:http-xsdate:2014"


def adaptation_sets(views: Sequence[View], timing: Timing, config: Config) -> list[Element]:
    """One set for each kind of media, language and codec family; pictures first."""
    sets: dict[tuple[str, str, str], list[View]] = {}
    for view in sorted(views, key=lambda view: view.track.kind != "video"):
        track = view.track
        sets.setdefault((track.kind, track.language, track.codec.partition(".")[0]), []).append(view)
    return [_adaptation_set(index, members, timing, config) for index, members in enumerate(sets.values(), 1)]


def _adaptation_set(index: int, views: Sequence[View], timing: Timing, config: Config) -> Element:
    tracks = [view.track for view in views]
    first = tracks[0]
    made = element(
        "AdaptationSet",
        {
            "id": index,
            "contentType": first.kind,
            "mimeType": f"{first.kind}/mp4",
            "lang": None if first.language == "und" else first.language,
            "segmentAlignment": "true",
            "startWithSAP": 1,  # closed GOPs: each segment starts with SAP type 1 (ISO/IEC 14496-12 Annex I)
            **_shape(tracks),
        },
    )
    if first.channels:
        made.append(element("AudioChannelConfiguration", {"schemeIdUri": CHANNELS, "value": first.channels}))
    made.append(_producer_reference_time(index, first, timing, config))
    made.extend(_resyncs(views[0]) if timing.duration_s is None else [])
    made.append(element("Role", {"schemeIdUri": ROLE, "value": "main"}))
    made.extend(_representation(view, timing) for view in sorted(views, key=lambda view: view.track.bandwidth_bps))
    return made


def _shape(tracks: Sequence[Track]) -> dict[str, str | int | None]:
    if tracks[0].kind != "video" or not tracks[0].width or not tracks[0].height:
        return {}
    largest = max(tracks, key=lambda track: track.width * track.height)
    common = gcd(largest.width, largest.height)
    fastest = max(track.fps for track in tracks)
    return {
        "maxWidth": largest.width,
        "maxHeight": largest.height,
        "maxFrameRate": rate(fastest) if fastest else None,
        "par": f"{largest.width // common}:{largest.height // common}",
    }


def _representation(view: View, timing: Timing) -> Element:
    track = view.track
    picture = track.kind == "video"
    attributes: dict[str, str | int | None] = {
        "id": track.name,
        "bandwidth": track.bandwidth_bps,
        "codecs": track.codec,
        "width": track.width or None,
        "height": track.height or None,
        "sar": "1:1" if picture else None,
        "frameRate": rate(track.fps) if picture and track.fps else None,
        "audioSamplingRate": track.sample_rate or None,
    }
    return element("Representation", attributes, _segment_template(view, timing))


def _segment_template(view: View, timing: Timing) -> Element:
    """Segments by number and constant duration (§5.3.9.5.3), on the track's timescale made fine enough for both."""
    if timing.listed:
        return _listing(view, timing)
    name, init_name = view.track.name, view.track.init_name
    timescale = view.track.timescale
    low_latency = bool(view.part_target_s) and timing.duration_s is None
    offset = timing.segment_s - Fraction(repr(round(view.chunk_s, 6) or view.part_target_s))
    fine = (timing.segment_s * timescale).denominator
    return element(
        "SegmentTemplate",
        {
            "timescale": timescale * fine,
            "duration": int(timing.segment_s * timescale * fine),
            "startNumber": timing.number,
            "presentationTimeOffset": round(timing.media_s * timescale * fine),
            "availabilityTimeOffset": decimal(offset) if low_latency and offset > 0 else None,
            "availabilityTimeComplete": "false" if low_latency and offset > 0 else None,
            "media": f"{name}/$Number$.m4s",
            "initialization": f"{name}/{init_name}",
        },
    )


def _listing(view: View, timing: Timing) -> Element:
    """Segments by number, each with its time (§5.3.9.6)."""
    name, timescale = view.track.name, view.track.timescale
    attributes: dict[str, str | int | None] = {
        "timescale": timescale,
        "startNumber": timing.number,
        "presentationTimeOffset": round(timing.media_s * timescale),
        "media": f"{name}/$Number$.m4s",
        "initialization": f"{name}/{view.track.init_name}",
    }
    line = element("SegmentTimeline")
    at = -1
    for segment in view.segments:
        start, last = segment.start_ticks, line[-1] if len(line) else None
        if last is not None and start == at and last.get("d") == str(segment.duration_ticks):
            last.set("r", str(int(last.get("r", "0")) + 1))
        else:
            line.append(element("S", {"t": None if start == at else start, "d": segment.duration_ticks}))
        at = start + segment.duration_ticks
    return element("SegmentTemplate", attributes, line)


def _producer_reference_time(index: int, track: Track, timing: Timing, config: Config) -> Element:
    """When the period's first media was captured (§5.12); for our own encoders the same line as every prft box."""
    fine = (timing.segment_s * track.timescale).denominator
    return element(
        "ProducerReferenceTime",
        {
            "id": index,
            "inband": "true" if timing.exact else "false",
            "type": "captured" if timing.exact else "encoder",
            "wallClockTime": date(timing.unix_ns),
            "presentationTime": round(timing.media_s * track.timescale * fine),
        },
        element("UTCTiming", {"schemeIdUri": HTTP_ISO, "value": config.clock_url}),
    )


def _resyncs(view: View) -> list[Element]:
    """Where a player can enter a segment that is still being made (§5.3.12): at any chunk, and at independent ones."""
    whole = [segment for segment in complete(view) if segment.parts and not segment.gap]
    if not view.part_target_s or not whole:
        return []
    segment = whole[-1]
    marks = [part.start_ticks for part in segment.parts if part.independent]
    ends = [*marks[1:], segment.start_ticks + segment.duration_ticks]
    gap = max((end - mark for mark, end in zip(marks, ends, strict=True)), default=0)
    chunk = round((view.chunk_s or view.part_target_s) * view.track.timescale)
    every_chunk = [element("Resync", {"type": 0, "dT": chunk, "marker": "true"})] if not 0 < gap <= chunk else []
    independent = [element("Resync", {"type": 1, "dT": gap, "marker": "true"})] if gap else []
    return every_chunk + independent
