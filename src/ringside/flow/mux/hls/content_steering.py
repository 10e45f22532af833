"""EXT-X-CONTENT-STEERING: who says which pathway to take."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import QUOTED, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class ContentSteering(AttributeTag):
    """Address of the steering manifest and the pathway to begin with (rfc8216bis §4.4.6.6)."""

    NAME: ClassVar[str] = "EXT-X-CONTENT-STEERING"
    TABLE: ClassVar[Table] = {"SERVER-URI": ("server_uri", QUOTED), "PATHWAY-ID": ("pathway_id", QUOTED)}
    server_uri: str
    pathway_id: str | None = None
