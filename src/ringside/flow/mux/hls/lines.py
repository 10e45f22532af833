"""Lines: playlist text to tags and URIs, in order, and back. Nothing here knows what a playlist is made of.

Comments and empty lines are dropped. A tag that is not ours, or that cannot be read, is kept as Unknown, so that one
bad line never hides the rest. Only a text that is no playlist at all is refused.
"""

from collections.abc import Iterable

from ringside.flow.mux.hls.byterange import ByteRange
from ringside.flow.mux.hls.content_steering import ContentSteering
from ringside.flow.mux.hls.daterange import DateRange
from ringside.flow.mux.hls.define import Define
from ringside.flow.mux.hls.extinf import ExtInf
from ringside.flow.mux.hls.flags import Discontinuity, EndList, Gap, IFramesOnly, IndependentSegments
from ringside.flow.mux.hls.key import Key
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.media import Media
from ringside.flow.mux.hls.numbers import DiscontinuitySequence, MediaSequence, TargetDuration, Version
from ringside.flow.mux.hls.part import Part
from ringside.flow.mux.hls.part_inf import PartInf
from ringside.flow.mux.hls.playlist_type import PlaylistType
from ringside.flow.mux.hls.preload_hint import PreloadHint
from ringside.flow.mux.hls.program_date_time import ProgramDateTime
from ringside.flow.mux.hls.rendition_report import RenditionReport
from ringside.flow.mux.hls.server_control import ServerControl
from ringside.flow.mux.hls.session_data import SessionData
from ringside.flow.mux.hls.skip import Skip
from ringside.flow.mux.hls.start import Start
from ringside.flow.mux.hls.stream_inf import IFrameStreamInf, StreamInf
from ringside.flow.mux.hls.tag import Malformed, Tag, Unknown

_TAGS: tuple[type[Tag], ...] = (
    Version, IndependentSegments, Start, Define,
    TargetDuration, MediaSequence, DiscontinuitySequence, EndList, PlaylistType, IFramesOnly, PartInf, ServerControl,
    ExtInf, ByteRange, Discontinuity, Key, Map, ProgramDateTime, Gap, Part,
    DateRange, Skip, PreloadHint, RenditionReport,
    Media, StreamInf, IFrameStreamInf, ContentSteering, SessionData,
)  # fmt: skip
BY_NAME: dict[str, type[Tag]] = {tag.NAME: tag for tag in _TAGS}


def read(text: str) -> list[Tag | str]:
    """The tags and URIs of a playlist, in order. Raises Malformed when its first line is not EXTM3U (§4.4.1.1)."""
    lines = [line.strip() for line in text.split("\n")]
    if lines[0] != "#EXTM3U":
        raise Malformed(f"a playlist begins with #EXTM3U, not with {lines[0][:40]!r}")
    return [
        _tag(line[1:]) if line.startswith("#EXT") else line
        for line in lines[1:]
        if line and (line.startswith("#EXT") or not line.startswith("#"))
    ]


def write(items: Iterable[Tag | str]) -> str:
    """A playlist of these tags and URIs."""
    body = [item if isinstance(item, str) else item.write() for item in items]
    return "\n".join(["#EXTM3U", *body, ""])


def _tag(line: str) -> Tag:
    name, colon, rest = line.partition(":")
    value = rest if colon else None
    if name not in BY_NAME:
        return Unknown(name, value)
    try:
        return BY_NAME[name].parse(value)
    except Malformed as fault:
        return Unknown(name, value, str(fault))
