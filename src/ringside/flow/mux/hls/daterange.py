"""EXT-X-DATERANGE: something about a stretch of the programme (SCTE-35 splices, interstitials, notes)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from ringside.flow.mux.hls.attributes import DECIMAL, HEX, QUOTED, YES, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class DateRange(AttributeTag):
    """A range of time with attributes (rfc8216bis §4.4.5.1); X- attributes stay in `extra`."""

    NAME: ClassVar[str] = "EXT-X-DATERANGE"
    TABLE: ClassVar[Table] = {
        "ID": ("id", QUOTED),
        "CLASS": ("class_", QUOTED),
        "START-DATE": ("start_date", QUOTED),
        "CUE": ("cue", QUOTED),
        "END-DATE": ("end_date", QUOTED),
        "DURATION": ("duration", DECIMAL),
        "PLANNED-DURATION": ("planned_duration", DECIMAL),
        "SCTE35-CMD": ("scte35_cmd", HEX),
        "SCTE35-OUT": ("scte35_out", HEX),
        "SCTE35-IN": ("scte35_in", HEX),
        "END-ON-NEXT": ("end_on_next", YES),
    }
    id: str
    class_: str | None = None
    start_date: str | None = None
    cue: str | None = None
    end_date: str | None = None
    duration: Decimal | None = None
    planned_duration: Decimal | None = None
    scte35_cmd: str | None = None
    scte35_out: str | None = None
    scte35_in: str | None = None
    end_on_next: bool = False
