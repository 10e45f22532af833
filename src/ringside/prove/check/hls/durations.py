"""HLS: segment durations and the target duration (draft-pantos-hls-rfc8216bis-22 §4.4.3.1, §6.2.1, §6.2.4)."""

from collections.abc import Iterator
from decimal import Decimal

from ringside.flow.mux.hls.flags import IFramesOnly
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import everything, headers, kind, segments
from ringside.prove.check.seen import HlsStream

WITHIN = Rule(
    "hls.extinf-within-target", "MUST", "rfc8216bis §4.4.3.1",
    "A segment's EXTINF, rounded to the nearest integer, is at most the target duration.",
)  # fmt: skip
CONSTANT = Rule("hls.target-duration-constant", "MUST", "rfc8216bis §6.2.1", "TARGETDURATION does not change.")
EQUAL = Rule(
    "hls.target-duration-equal", "MUST", "rfc8216bis §6.2.4",
    "All media playlists of a presentation have the same target duration.",
)  # fmt: skip

_HALF = Decimal("0.5")


def within_target(stream: HlsStream) -> Iterator[Finding]:
    """A half second over is given its benefit: `nearest` does not say which way it goes."""
    for versions in everything(stream):
        targets = {id(version): version.playlist.target_duration for version in versions}
        for one in segments(versions):
            target, duration = targets[id(one.version)], one.segment.duration
            if target is not None and duration is not None and duration - target > _HALF:
                yield WITHIN.broken(one.where, f"EXTINF {duration}", f"at most {target} when rounded")


def constant(stream: HlsStream) -> Iterator[Finding]:
    """Compared with the first version seen."""
    for versions in everything(stream):
        first = versions[0].playlist.target_duration
        for version in headers(versions):
            if version.playlist.target_duration != first:
                yield CONSTANT.broken(version.name, version.playlist.target_duration, first)


def equal(stream: HlsStream) -> Iterator[Finding]:
    """Subtitles and I-frame playlists of VOD may differ."""
    first: tuple[str, int] | None = None
    for name, versions in stream.versions.items():
        target = versions[0].playlist.target_duration if versions else None
        if target is None:
            continue
        playlist = versions[0].playlist
        lenient = kind(stream, name) == "SUBTITLES" or any(isinstance(tag, IFramesOnly) for tag in playlist.header)
        if lenient and playlist.playlist_type == "VOD":
            continue
        first = first or (name, target)
        if target != first[1]:
            yield EQUAL.broken(name, target, f"{first[1]} as in {first[0]}")


JUDGES = (within_target, constant, equal)
