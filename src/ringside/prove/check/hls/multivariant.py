"""HLS: the multivariant playlist (draft-pantos-hls-rfc8216bis-22 §4.4.6).

Whether its CODECS are those of the media is judged with the headers of the media.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from ringside.flow.mux.hls import Malformed, Multivariant, Unknown
from ringside.flow.mux.hls import lines as playlist_lines
from ringside.flow.mux.hls.media import Media
from ringside.flow.mux.hls.stream_inf import StreamInf
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import bare
from ringside.prove.check.seen import HlsStream

BANDWIDTH = Rule("hls.bandwidth", "MUST", "rfc8216bis §4.4.6.2", "Every STREAM-INF has a BANDWIDTH.")
CODECS = Rule("hls.codecs", "SHOULD", "rfc8216bis §4.4.6.2", "Every STREAM-INF has CODECS.")
RESOLUTION = Rule(
    "hls.resolution", "SHOULD", "rfc8216bis §4.4.6.2", "A variant with video has a RESOLUTION (recommended)."
)
FRAME_RATE = Rule(
    "hls.frame-rate", "SHOULD", "rfc8216bis §4.4.6.2", "A variant with video has a FRAME-RATE (recommended)."
)
GROUP = Rule(
    "hls.group-exists", "MUST", "rfc8216bis §4.4.6.2",
    "AUDIO, VIDEO, SUBTITLES and CLOSED-CAPTIONS name a GROUP-ID of a MEDIA tag of that TYPE.",
)  # fmt: skip
NAMES = Rule(
    "hls.group-names", "MUST", "rfc8216bis §4.4.6.1.1", "The members of a group have different NAMEs, one is DEFAULT."
)
MEDIA = Rule(
    "hls.media-attributes", "MUST", "rfc8216bis §4.4.6.1",
    "SUBTITLES have a URI; CLOSED-CAPTIONS have an INSTREAM-ID and no URI; CHANNELS are for AUDIO only.",
)  # fmt: skip
CHANNELS = Rule("hls.channels", "SHOULD", "rfc8216bis §4.4.6.1", "Every audio rendition has CHANNELS.")
MEMBERS = Rule(
    "hls.group-members", "MUST", "rfc8216bis §4.4.6.1.1", "All groups of one TYPE have the same members, by NAME."
)

_VIDEO = ("avc", "hvc", "hev", "av01", "vp0", "vp8", "vp9", "dvh", "dva", "dav1", "mp4v")
_GROUPS = {"AUDIO": "audio", "VIDEO": "video", "SUBTITLES": "subtitles"}


def bandwidth(stream: HlsStream) -> Iterator[Finding]:
    """Looked for in what was fetched: a STREAM-INF without BANDWIDTH cannot be read as one."""
    for fetch in stream.fetches:
        if bare(fetch.url) != bare(stream.url) or b"#EXT-X-STREAM-INF" not in fetch.body:
            continue
        try:
            items = playlist_lines.read(fetch.body.decode("utf-8", "replace"))
        except Malformed:
            continue
        for item in items:
            if isinstance(item, Unknown) and item.name == StreamInf.NAME and "BANDWIDTH" in item.reason:
                yield BANDWIDTH.broken(f"multivariant {item.write()[:80]}", item.reason, "BANDWIDTH in bit/s")


def described(stream: HlsStream) -> Iterator[Finding]:
    """What a player needs to choose before it loads."""
    for inf, where in _variants(stream.multivariant):
        if inf.codecs is None:
            yield CODECS.broken(where, "no CODECS", "the formats of all its renditions")
        if not _has_video(inf):
            continue
        if inf.resolution is None:
            yield RESOLUTION.broken(where, "no RESOLUTION", "one, as it has video")
        if inf.frame_rate is None:
            yield FRAME_RATE.broken(where, "no FRAME-RATE", "one, as it has video")


def _variants(multivariant: Multivariant | None) -> Iterator[tuple[StreamInf, str]]:
    for variant in multivariant.variants if multivariant else ():
        yield variant.inf, f"multivariant {variant.uri[:100]}"


def _has_video(inf: StreamInf) -> bool:
    formats = (inf.codecs or "").lower().split(",")
    return inf.resolution is not None or any(one.strip().startswith(_VIDEO) for one in formats)


def groups_exist(stream: HlsStream) -> Iterator[Finding]:
    """What a variant refers to is there."""
    if stream.multivariant is None:
        return
    there = {(tag.type, tag.group_id) for tag in stream.multivariant.media}
    for inf, where in _variants(stream.multivariant):
        named = {kind: getattr(inf, field) for kind, field in _GROUPS.items()}
        captions = dict(inf.extra).get("CLOSED-CAPTIONS", "NONE")
        named["CLOSED-CAPTIONS"] = None if captions == "NONE" else captions.strip('"')
        for kind, group in named.items():
            if group is not None and (kind, group) not in there:
                yield GROUP.broken(where, f'{kind}="{group}"', f"a MEDIA tag of TYPE={kind} in that group")


def groups(stream: HlsStream) -> Iterator[Finding]:
    """Inside a group, and between the groups of a type."""
    if stream.multivariant is None:
        return
    members: dict[tuple[str, str], list[Media]] = defaultdict(list)
    for tag in stream.multivariant.media:
        members[tag.type, tag.group_id].append(tag)
    for (kind, group), tags in members.items():
        where = f"multivariant {kind} group {group}"
        for name, count in Counter(tag.name for tag in tags).items():
            if count > 1:
                yield NAMES.broken(where, f"{count} members with NAME {name}", "different ones")
        if sum(tag.default for tag in tags) > 1:
            yield NAMES.broken(where, f"{sum(tag.default for tag in tags)} members with DEFAULT=YES", "one at most")
        first = next(other for (type_, _), other in members.items() if type_ == kind)
        mine, theirs = sorted({tag.name for tag in tags}), sorted({tag.name for tag in first})
        if mine != theirs:
            yield MEMBERS.broken(where, ", ".join(mine), f"{', '.join(theirs)} as in group {first[0].group_id}")


def media_attributes(stream: HlsStream) -> Iterator[Finding]:
    """What each TYPE asks for and rules out."""
    for tag in stream.multivariant.media if stream.multivariant else ():
        where = f"multivariant {tag.type} {tag.group_id} {tag.name}"
        if tag.type == "SUBTITLES" and tag.uri is None:
            yield MEDIA.broken(where, "no URI", "one")
        if tag.type == "CLOSED-CAPTIONS" and (tag.uri is not None or tag.instream_id is None):
            yield MEDIA.broken(where, tag.write()[:100], "an INSTREAM-ID and no URI")
        if tag.type != "AUDIO" and tag.channels is not None:
            yield MEDIA.broken(where, "CHANNELS", "none on what is not AUDIO")
        if tag.type == "AUDIO" and tag.channels is None:
            yield CHANNELS.broken(where, "no CHANNELS", "how many")


JUDGES = (bandwidth, described, groups_exist, groups, media_attributes)
