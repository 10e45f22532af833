"""HLS: what makes a text a media playlist at all (draft-pantos-hls-rfc8216bis-22 §4.1 to §4.4.4).

Versions and fetches enter, findings leave. Looks at single playlists as they were received; what they say together is
judged elsewhere.
"""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from ringside.flow.mux.hls import Malformed, MediaPlaylist, Multivariant, Tag, Unknown
from ringside.flow.mux.hls.byterange import ByteRange
from ringside.flow.mux.hls.flags import Discontinuity, EndList, IFramesOnly, IndependentSegments
from ringside.flow.mux.hls.key import Key
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.numbers import DiscontinuitySequence, MediaSequence, TargetDuration
from ringside.flow.mux.hls.numbers import Version as VersionTag
from ringside.flow.mux.hls.part_inf import PartInf
from ringside.flow.mux.hls.playlist_type import PlaylistType
from ringside.flow.mux.hls.server_control import ServerControl
from ringside.flow.mux.hls.skip import Skip
from ringside.flow.mux.hls.start import Start
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import absolute, everything, headers, segments
from ringside.prove.check.seen import Fetch, HlsStream

PARSES = Rule(
    "hls.playlist-parses", "MUST", "rfc8216bis §4.1",
    "A playlist begins with EXTM3U and is either a media playlist or a multivariant one.",
)  # fmt: skip
READABLE = Rule("hls.readable-tags", "MUST", "rfc8216bis §4.2", "Every tag has the form that its section gives it.")
TARGET = Rule("hls.target-duration", "MUST", "rfc8216bis §4.4.3.1", "A media playlist has a TARGETDURATION.")
EXTINF = Rule("hls.extinf", "MUST", "rfc8216bis §4.4.4.1", "Every media segment has an EXTINF.")
ONCE = Rule(
    "hls.one-of-each", "MUST", "rfc8216bis §4.4.3", "A tag about the whole playlist appears no more than once in it."
)
SEQUENCE_FIRST = Rule(
    "hls.media-sequence-first", "MUST", "rfc8216bis §4.4.3.2", "MEDIA-SEQUENCE stands before the first media segment."
)
DISCONTINUITY_FIRST = Rule(
    "hls.discontinuity-sequence-first", "MUST", "rfc8216bis §4.4.3.3",
    "DISCONTINUITY-SEQUENCE stands before the first media segment and before any DISCONTINUITY.",
)  # fmt: skip
RESOLVES = Rule("hls.uri-resolves", "MUST", "rfc8216bis §4.1", "Every URI of a playlist resolves to an HTTP URL.")
RANGE = Rule(
    "hls.byterange-offset", "MUST", "rfc8216bis §4.4.4.2",
    "A BYTERANGE without an offset follows a sub-range of the same resource; a MAP's range has an offset.",
)  # fmt: skip
KEY = Rule(
    "hls.key-attributes", "MUST", "rfc8216bis §4.4.4.4",
    "A KEY has a URI unless its METHOD is NONE, and then nothing else.",
)  # fmt: skip

_SINGLE: tuple[type[Tag], ...] = (
    VersionTag, IndependentSegments, Start, TargetDuration, MediaSequence, DiscontinuitySequence, EndList,
    PlaylistType, IFramesOnly, PartInf, ServerControl, Skip,
)  # fmt: skip
_SCHEMES = ("http", "https", "data")


def parses(stream: HlsStream) -> Iterator[Finding]:
    """Every reply that was asked for as a playlist is one; an empty one was not kept, and is not judged."""
    odd = (probe.fetch for probe in stream.probes if probe.kind == "playlist-unreadable")
    for fetch in (*stream.fetches, *odd):
        if fetch.status == 200 and fetch.body and _is_playlist(fetch):
            text = fetch.body.decode("utf-8", "replace")
            kind = Multivariant if "#EXT-X-STREAM-INF" in text or "#EXT-X-MEDIA:" in text else MediaPlaylist
            try:
                kind.parse(text)
            except Malformed as fault:
                yield PARSES.broken(_path(fetch.url), fault, "a playlist")


def _is_playlist(fetch: Fetch) -> bool:
    kind = fetch.header("content-type") or ""
    return fetch.body.startswith(b"#EXTM3U") or _path(fetch.url).endswith(".m3u8") or "mpegurl" in kind.lower()


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return url


def readable(stream: HlsStream) -> Iterator[Finding]:
    """Tags of ours that could not be read, in what is new in each version."""
    if stream.multivariant:
        yield from _unreadable("multivariant", stream.multivariant.tags)
    for versions in everything(stream):
        for version in headers(versions):
            yield from _unreadable(version.name, (*version.playlist.header, *version.playlist.trailer))
        for one in segments(versions):
            yield from _unreadable(one.version.name, one.segment.tags)


def _unreadable(where: str, tags: tuple[Tag, ...]) -> Iterator[Finding]:
    for tag in tags:
        if isinstance(tag, Unknown) and tag.reason:
            yield READABLE.broken(f"{where} {tag.name}", tag.reason, "a value as the tag's section has it")


def target_duration(stream: HlsStream) -> Iterator[Finding]:
    """TARGETDURATION is REQUIRED."""
    for versions in everything(stream):
        for version in headers(versions):
            if version.playlist.target_duration is None:
                yield TARGET.broken(version.name, "no EXT-X-TARGETDURATION", "one")


def extinf(stream: HlsStream) -> Iterator[Finding]:
    """EXTINF is REQUIRED before every URI."""
    for versions in everything(stream):
        for one in segments(versions):
            if one.segment.uri and one.segment.duration is None:
                yield EXTINF.broken(one.where, f"{one.segment.uri[:80]} without EXTINF", "an EXTINF before it")


def one_of_each(stream: HlsStream) -> Iterator[Finding]:
    """Counted in playlists as received, where the header changed."""
    for versions in everything(stream):
        for version in headers(versions):
            counts = Counter(type(tag) for tag in version.playlist.tags if isinstance(tag, _SINGLE))
            for kind, count in counts.items():
                if count > 1:
                    yield ONCE.broken(f"{version.name} {kind.NAME}", f"{count} of them", "one")


def sequence_tags_first(stream: HlsStream) -> Iterator[Finding]:
    """MEDIA-SEQUENCE and DISCONTINUITY-SEQUENCE must be known before what they count."""
    for versions in everything(stream):
        for version in headers(versions):
            listed = version.playlist.segments
            late = [tag for segment in listed[1:] for tag in segment.tags]
            late += version.playlist.trailer if listed and listed[0].uri else ()
            if any(isinstance(tag, MediaSequence) for tag in late):
                yield SEQUENCE_FIRST.broken(version.name, "behind a media segment", "before the first one")
            first = [type(tag) for tag in listed[0].tags] if listed else []
            counted = Discontinuity in first and DiscontinuitySequence in first[first.index(Discontinuity) :]
            if counted or any(isinstance(tag, DiscontinuitySequence) for tag in late):
                yield DISCONTINUITY_FIRST.broken(version.name, "behind what it counts", "before it")


def uris_resolve(stream: HlsStream) -> Iterator[Finding]:
    """Segments, parts, headers and keys; URIs with variables are left alone."""
    for versions in everything(stream):
        for one in segments(versions):
            uris = [one.segment.uri, *(part.uri for part in one.segment.parts)]
            uris += [tag.uri for tag in one.segment.tags if isinstance(tag, Map)]
            for uri in uris:
                if uri and "{$" not in uri and not _resolves(absolute(one.version, uri)):
                    yield RESOLVES.broken(one.where, repr(uri[:120]), "a URI that resolves to http or https")


def _resolves(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.netloc or parts.scheme == "data") and not set(url) & set(" <>\t")


def byteranges(stream: HlsStream) -> Iterator[Finding]:
    """Where a sub-range begins must be known."""
    for versions in everything(stream):
        listed = versions[0].full.segments
        for before, segment in zip((None, *listed), listed, strict=False):
            for tag in segment.tags:
                if isinstance(tag, Map) and tag.byterange and tag.byterange.offset is None:
                    yield RANGE.broken(f"{versions[0].name} MAP", "BYTERANGE without an offset", "n@o")
                follows = before is not None and before.uri == segment.uri
                ranged = before is not None and any(isinstance(other, ByteRange) for other in before.tags)
                if isinstance(tag, ByteRange) and tag.offset is None and not (follows and ranged):
                    yield RANGE.broken(f"{versions[0].name} {segment.uri[:80]}", "no offset", "one, or a range before")


def keys(stream: HlsStream) -> Iterator[Finding]:
    """What METHOD allows and asks for."""
    for versions in everything(stream):
        for tag in dict.fromkeys(t for one in segments(versions) for t in one.segment.tags if isinstance(t, Key)):
            others = [tag.uri, tag.iv, tag.keyformat, tag.keyformatversions]
            if tag.method == "NONE" and any(others):
                yield KEY.broken(f"{versions[0].name} {tag.write()[:100]}", "attributes beside METHOD=NONE", "none")
            if tag.method != "NONE" and not tag.uri:
                yield KEY.broken(f"{versions[0].name} {tag.write()[:100]}", "no URI", "the key's URI")


JUDGES = (
    parses, readable, target_duration, extinf, one_of_each, sequence_tags_first, uris_resolve, byteranges, keys,
)  # fmt: skip
