"""HLS: EXT-X-VERSION against what a playlist uses (draft-pantos-hls-rfc8216bis-22 §6.2.1, §8).

`_NEEDS` are the clauses of §8 as a table. A version may be as high as anything needs that the server offers: a playlist
that can be had as a delta update may say in all its forms what the delta has to say.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from ringside.flow.mux.hls import MediaPlaylist, Tag
from ringside.flow.mux.hls.byterange import ByteRange
from ringside.flow.mux.hls.define import Define
from ringside.flow.mux.hls.extinf import ExtInf
from ringside.flow.mux.hls.flags import Gap, IFramesOnly
from ringside.flow.mux.hls.key import Key
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.media import Media
from ringside.flow.mux.hls.numbers import TargetDuration
from ringside.flow.mux.hls.numbers import Version as VersionTag
from ringside.flow.mux.hls.server_control import ServerControl
from ringside.flow.mux.hls.skip import Skip
from ringside.flow.mux.hls.stream_inf import IFrameStreamInf, StreamInf
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import everything
from ringside.prove.check.seen import HlsStream

HIGH_ENOUGH = Rule(
    "hls.version-high-enough", "MUST", "rfc8216bis §8", "EXT-X-VERSION is as high as the tags in use need it."
)
NOT_HIGHER = Rule(
    "hls.version-not-higher", "SHOULD", "rfc8216bis §6.2.1",
    "EXT-X-VERSION is not higher than the tags in use need it.",
)  # fmt: skip

Need = tuple[int, str, Callable[[Tag], bool]]
_NEEDS: tuple[Need, ...] = (
    (2, "KEY with IV", lambda tag: isinstance(tag, Key) and tag.iv is not None),
    (3, "EXTINF with a fraction", lambda tag: isinstance(tag, ExtInf) and tag.duration.as_tuple().exponent != 0),
    (4, "BYTERANGE", lambda tag: isinstance(tag, ByteRange)),
    (4, "I-FRAMES-ONLY", lambda tag: isinstance(tag, IFramesOnly)),
    (5, "KEY with KEYFORMAT", lambda tag: isinstance(tag, Key) and bool(tag.keyformat or tag.keyformatversions)),
    (5, "MAP", lambda tag: isinstance(tag, Map)),
    (7, "a SERVICE of closed captions", lambda tag: isinstance(tag, Media) and _instream(tag).startswith("SERVICE")),
    (8, "DEFINE", lambda tag: isinstance(tag, Define)),
    (9, "SKIP", lambda tag: isinstance(tag, Skip)),
    (10, "SKIP of date ranges", lambda tag: isinstance(tag, Skip) and tag.recently_removed_dateranges is not None),
    (11, "DEFINE with QUERYPARAM", lambda tag: isinstance(tag, Define) and tag.queryparam is not None),
    (12, "a REQ- attribute", lambda tag: _requires(tag)),
    (13, "INSTREAM-ID", lambda tag: isinstance(tag, Media) and bool(tag.instream_id) and tag.type != "CLOSED-CAPTIONS"),
)
_OFFERS: tuple[Need, ...] = (
    (4, "MEDIA", lambda tag: isinstance(tag, Media)),
    (8, "GAP", lambda tag: isinstance(tag, Gap)),
    (9, "CAN-SKIP-UNTIL", lambda tag: isinstance(tag, ServerControl) and tag.can_skip_until is not None),
    (10, "CAN-SKIP-DATERANGES", lambda tag: isinstance(tag, ServerControl) and tag.can_skip_dateranges),
)
"""What no clause of §8 asks for now, and yet explains a version: older drafts did, or a delta update will."""


def _instream(tag: Media) -> str:
    return tag.instream_id or ""


def _requires(tag: Tag) -> bool:
    return isinstance(tag, StreamInf | IFrameStreamInf) and any(name.startswith("REQ-") for name, _ in tag.extra)


def _needed(tags: tuple[Tag, ...], table: tuple[Need, ...]) -> tuple[int, str]:
    """The highest version that any tag needs, and what needs it."""
    present = {(version, why) for version, why, applies in table if any(applies(tag) for tag in tags)}
    if (5, "MAP") in present and not any(isinstance(tag, IFramesOnly) for tag in tags):
        present.add((6, "MAP without I-FRAMES-ONLY"))
    target = next((tag.value for tag in tags if isinstance(tag, TargetDuration)), None)
    longest = max((tag.duration for tag in tags if isinstance(tag, ExtInf)), default=Decimal(0))
    if table is not _NEEDS and target is not None and longest > target:
        present.add((6, "a target duration that is rounded"))
    return max(present, default=(1, ""))


def versions_fit(stream: HlsStream) -> Iterator[Finding]:
    """Every form of playlist that was seen: the multivariant, the first and last full one, the first delta."""
    if stream.multivariant:
        yield from _fits("multivariant", stream.multivariant.tags)
    for versions in everything(stream):
        forms: list[MediaPlaylist] = [versions[0].playlist, versions[-1].playlist]
        forms += [version.playlist for version in versions if version.playlist.skipped][:1]
        for playlist in forms:
            yield from _fits(versions[0].name, playlist.tags)


def _fits(name: str, tags: tuple[Tag, ...]) -> Iterator[Finding]:
    said = next((tag.value for tag in tags if isinstance(tag, VersionTag)), 1)
    needed, why = _needed(tags, _NEEDS)
    if said < needed:
        yield HIGH_ENOUGH.broken(name, said, f"at least {needed} for {why}")
    enough, why = max((needed, why), _needed(tags, (*_NEEDS, *_OFFERS)))
    if said > enough:
        yield NOT_HIGHER.broken(name, said, f"{enough} for {why}" if why else "1, as nothing in it needs more")


JUDGES = (versions_fit,)
