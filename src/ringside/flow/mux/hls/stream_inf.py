"""EXT-X-STREAM-INF and EXT-X-I-FRAME-STREAM-INF: a variant stream, which differ only in where the URI stands."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from ringside.flow.mux.hls.attributes import DECIMAL, ENUMERATED, INTEGER, QUOTED, RESOLUTION, AttributeTag, Table

_SHARED: Table = {
    "BANDWIDTH": ("bandwidth", INTEGER),
    "AVERAGE-BANDWIDTH": ("average_bandwidth", INTEGER),
    "SCORE": ("score", DECIMAL),
    "CODECS": ("codecs", QUOTED),
    "SUPPLEMENTAL-CODECS": ("supplemental_codecs", QUOTED),
    "RESOLUTION": ("resolution", RESOLUTION),
    "FRAME-RATE": ("frame_rate", DECIMAL),
    "HDCP-LEVEL": ("hdcp_level", ENUMERATED),
    "VIDEO-RANGE": ("video_range", ENUMERATED),
    "STABLE-VARIANT-ID": ("stable_variant_id", QUOTED),
    "PATHWAY-ID": ("pathway_id", QUOTED),
}


@dataclass(frozen=True, slots=True)
class StreamInf(AttributeTag):
    """A variant whose playlist is the URI line that follows (rfc8216bis §4.4.6.2); bandwidths in bit/s."""

    NAME: ClassVar[str] = "EXT-X-STREAM-INF"
    TABLE: ClassVar[Table] = {
        **_SHARED,
        "AUDIO": ("audio", QUOTED),
        "VIDEO": ("video", QUOTED),
        "SUBTITLES": ("subtitles", QUOTED),
    }
    bandwidth: int
    average_bandwidth: int | None = None
    score: Decimal | None = None
    codecs: str | None = None
    supplemental_codecs: str | None = None
    resolution: tuple[int, int] | None = None
    frame_rate: Decimal | None = None
    hdcp_level: str | None = None
    video_range: str | None = None
    stable_variant_id: str | None = None
    pathway_id: str | None = None
    audio: str | None = None
    video: str | None = None
    subtitles: str | None = None


@dataclass(frozen=True, slots=True)
class IFrameStreamInf(AttributeTag):
    """A variant of I-frames, whose playlist is its URI attribute (rfc8216bis §4.4.6.3); bandwidths in bit/s."""

    NAME: ClassVar[str] = "EXT-X-I-FRAME-STREAM-INF"
    TABLE: ClassVar[Table] = {**_SHARED, "VIDEO": ("video", QUOTED), "URI": ("uri", QUOTED)}
    bandwidth: int
    uri: str
    average_bandwidth: int | None = None
    score: Decimal | None = None
    codecs: str | None = None
    supplemental_codecs: str | None = None
    resolution: tuple[int, int] | None = None
    frame_rate: Decimal | None = None
    hdcp_level: str | None = None
    video_range: str | None = None
    stable_variant_id: str | None = None
    pathway_id: str | None = None
    video: str | None = None
