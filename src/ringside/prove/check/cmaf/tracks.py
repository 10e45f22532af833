"""Rules on tracks against manifest and against one another: codecs, switching sets, aligned segments.

Streams enter, findings leave. Numbers that two renditions share mean the same instant only where a manifest says so;
elsewhere nothing is compared.
"""

from collections.abc import Iterator

from ringside.prove.check.cmaf.box_tree import Init
from ringside.prove.check.cmaf.codecs import same_codec
from ringside.prove.check.cmaf.opened import Stream, headers, opened
from ringside.prove.check.dash.mpd_tree import adaptation_sets, newest, representation
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream

CODEC = Rule(
    "cmaf.codec",
    "MUST",
    "RFC 6381 §3; rfc8216bis §4.4.6.2; ISO/IEC 23009-1 §5.3.7.2",
    "The codec that the manifest names is that of the header's sample entry.",
)
SET_MEDIA = Rule(
    "cmaf.switching-set-media",
    "MUST",
    "ISO/IEC 23000-19 §7.3.4.1",
    "The tracks of a switching set are of one media type.",
)
SET_TIMESCALE = Rule(
    "cmaf.switching-set-timescale",
    "MUST",
    "ISO/IEC 23000-19 §7.3.4",
    "The CMAF tracks of a switching set have one timescale.",
)
SET_ALIGNED = Rule(
    "cmaf.switching-set-aligned",
    "MUST",
    "ISO/IEC 23000-19 §7.3.4.1; ISO/IEC 23009-1 §5.3.3.2",
    "Segments of the same number begin at the same time in every track of a switching set.",
)
AUDIO_ALIGNED = Rule(
    "cmaf.audio-video-aligned",
    "SHOULD",
    "good practice for CMAF presentations",
    "Segments of sound and picture with the same number begin within one audio frame of one another.",
)
NEAR_S = 0.5  # so close, two segments of the same number are meant to be one


def codec(stream: Stream) -> Iterator[Finding]:
    """Players choose and set up decoders by the manifest's word."""
    for (name, _), init in headers(stream).items():
        named = _named_codecs(stream, name)
        for track in init.tracks if named else ():
            if track.codec and not any(same_codec(track.codec, it) for it in named):
                yield CODEC.broken(name, f"{track.codec} in the header", f"{', '.join(named)}, as the manifest says")


def switching_set_media(stream: Stream) -> Iterator[Finding]:
    """Players feed a switching set into one source buffer."""
    for title, members in _sets(stream).items():
        kinds = {track.handler for init in members.values() for track in init.tracks[:1]}
        if len(kinds) > 1:
            yield SET_MEDIA.broken(title, " and ".join(sorted(kinds)), "one media type")


def switching_set_timescale(stream: Stream) -> Iterator[Finding]:
    """Only of headers that claim to be CMAF."""
    for title, members in _sets(stream).items():
        claiming = [init for init in members.values() if {"cmfc", "cmf2"} & set(init.brands)]
        scales = {track.timescale for init in claiming for track in init.tracks[:1]}
        if len(scales) > 1:
            yield SET_TIMESCALE.broken(title, ", ".join(map(str, sorted(scales))), "one timescale")


def switching_set_aligned(stream: Stream) -> Iterator[Finding]:
    """A player switches at segment boundaries. In HLS, numbers half a segment apart or more are simply other ones."""
    starts = _starts(stream)
    for title, members in _sets(stream).items():
        at: dict[int, tuple[str, float]] = {}
        for name in members:
            strict = _numbered_alike(stream, name)
            for number, (start_s, sample_s) in starts.get(name, {}).items():
                first, first_s = at.setdefault(number, (name, start_s))
                apart_s = start_s - first_s
                if abs(apart_s) > max(sample_s / 2, 0.001) and (strict or abs(apart_s) < NEAR_S):
                    seen = f"segment {number} of {name} starts {apart_s * 1000:+.0f} ms from {first}'s"
                    yield SET_ALIGNED.broken(title, seen, "the same instant")


def audio_video_aligned(stream: Stream) -> Iterator[Finding]:
    """Where equal numbers are meant to be the same time: nearer than half a second."""
    tracks = {it.name: it for it in opened(stream) if it.whole and it.cmaf and it.lead}
    starts = _starts(stream)
    pictures = [n for n, it in tracks.items() if it.lead and it.lead.handler == "vide"]
    for name, it in tracks.items():
        if not pictures or not it.lead or it.lead.handler != "soun":
            continue
        video = starts.get(pictures[0], {})
        for number, (start_s, frame_s) in starts.get(name, {}).items():
            apart_s = start_s - video[number][0] if number in video else 0.0
            if frame_s + 0.001 < abs(apart_s) < NEAR_S:
                seen = f"segment {number} starts {apart_s * 1000:+.0f} ms from the picture's"
                yield AUDIO_ALIGNED.broken(name, seen, f"within {frame_s * 1000:.0f} ms")


def _named_codecs(stream: Stream, name: str) -> list[str]:
    """The codecs by which a manifest describes this rendition; empty where it names none."""
    if isinstance(stream, DashStream):
        mpd = newest(stream)
        found = representation(mpd, name) if mpd else None
        return _split(found.get("codecs")) if found else []
    if stream.multivariant is None:
        return []
    groups = {media.group_id for media in stream.multivariant.media if media.uri == name}
    using = [v for v in stream.multivariant.variants if v.uri == name or v.inf.audio in groups]
    return list(dict.fromkeys(codec for v in using if v.inf.codecs for codec in _split(v.inf.codecs)))


def _split(codecs: str | None) -> list[str]:
    return [it.strip() for it in (codecs or "").split(",") if it.strip()]


def _sets(stream: Stream) -> dict[str, dict[str, Init]]:
    """Renditions between which a player may switch, by what to call the set, with their headers."""
    known = {name: init for (name, _), init in headers(stream).items()}
    made: dict[str, list[str]] = {}
    if isinstance(stream, DashStream):
        for index, (_, adaptation) in enumerate(adaptation_sets(newest(stream)), 1):
            title = f"AdaptationSet {adaptation.get('id') or index}"
            made[title] = [node.get("id") or "" for node in adaptation.all("Representation")]
    elif stream.multivariant:
        variants = [v.uri for v in stream.multivariant.variants]
        made["video variants"] = [n for n in variants if n in known and _handler(known[n]) == "vide"]
        for media in stream.multivariant.media:
            if media.uri and media.type == "AUDIO":
                made.setdefault(f"audio group {media.group_id}", []).append(media.uri)
    return {title: {n: known[n] for n in names if n in known} for title, names in made.items()}


def _handler(init: Init) -> str:
    return init.lead.handler if init.lead else ""


def _starts(stream: Stream) -> dict[str, dict[int, tuple[float, float]]]:
    """Where the segments of each rendition begin, and how long a sample of it is, both in seconds.

    Without the short one that an event may open with: it begins with the first sample that came, whenever that was.
    """
    made: dict[str, dict[int, tuple[float, float]]] = {}
    for it in opened(stream):
        if it.whole and it.start_s is not None and (it.cmaf or isinstance(stream, DashStream)):
            made.setdefault(it.name, {})[it.number] = (it.start_s, it.longest_sample_s)
    return {name: _without_a_short_first(segments) for name, segments in made.items()}


def _without_a_short_first(segments: dict[int, tuple[float, float]]) -> dict[int, tuple[float, float]]:
    first = min(segments, default=0)
    if first + 1 not in segments or first + 2 not in segments:
        return segments
    (at_s, _), (second_s, sample_s), (third_s, _) = (segments[first + n] for n in range(3))
    if second_s - at_s > third_s - second_s - 2 * sample_s:
        return segments
    return {number: where for number, where in segments.items() if number != first}


def _numbered_alike(stream: Stream, name: str) -> bool:
    """Whether equal numbers promise equal times: in HLS never quite, in DASH with segmentAlignment and $Number$."""
    mpd = newest(stream) if isinstance(stream, DashStream) else None
    found = representation(mpd, name) if mpd else None
    aligned = found is not None and found.adaptation.get("segmentAlignment") == "true"
    return aligned and found is not None and "$Number" in (found.template or {}).get("media", "")


JUDGES = (
    codec,
    switching_set_media,
    switching_set_timescale,
    switching_set_aligned,
    audio_video_aligned,
)
