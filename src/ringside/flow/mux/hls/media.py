"""EXT-X-MEDIA: an alternative rendition, such as the sound as a track of its own."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import ENUMERATED, INTEGER, QUOTED, YES, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class Media(AttributeTag):
    """A rendition of a group (rfc8216bis §4.4.6.1)."""

    NAME: ClassVar[str] = "EXT-X-MEDIA"
    TABLE: ClassVar[Table] = {
        "TYPE": ("type", ENUMERATED),
        "GROUP-ID": ("group_id", QUOTED),
        "NAME": ("name", QUOTED),
        "LANGUAGE": ("language", QUOTED),
        "ASSOC-LANGUAGE": ("assoc_language", QUOTED),
        "DEFAULT": ("default", YES),
        "AUTOSELECT": ("autoselect", YES),
        "FORCED": ("forced", YES),
        "CHANNELS": ("channels", QUOTED),
        "SAMPLE-RATE": ("sample_rate", INTEGER),
        "CHARACTERISTICS": ("characteristics", QUOTED),
        "INSTREAM-ID": ("instream_id", QUOTED),
        "STABLE-RENDITION-ID": ("stable_rendition_id", QUOTED),
        "PATHWAY-ID": ("pathway_id", QUOTED),
        "URI": ("uri", QUOTED),
    }
    type: str
    group_id: str
    name: str
    language: str | None = None
    assoc_language: str | None = None
    default: bool = False
    autoselect: bool = False
    forced: bool = False
    channels: str | None = None
    sample_rate: int | None = None
    characteristics: str | None = None
    instream_id: str | None = None
    stable_rendition_id: str | None = None
    pathway_id: str | None = None
    uri: str | None = None
