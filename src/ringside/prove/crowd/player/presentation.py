"""A Presentation: what an MPD says to a player (ISO/IEC 23009-1), as frozen values shared by all viewers.

`mpd` reads it; `segments` says how its media is addressed. Times are seconds of the presentation unless a name says
otherwise; of a live one they count from `epoch_s` of Unix time.
"""

from dataclasses import dataclass
from typing import Literal

from ringside.prove.crowd.player.segments import Addressing

Medium = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class Representation:
    """One version of some media."""

    id: str
    bandwidth_bps: int
    codecs: str
    width: int
    height: int
    init_url: str | None
    segments: Addressing
    early_s: float
    """availabilityTimeOffset: how long before its end a segment may be asked for; inf: at any time."""
    chunked: bool
    """availabilityTimeComplete is false: asked for so early, a segment comes as it is produced."""


@dataclass(frozen=True, slots=True)
class Reference:
    """ProducerReferenceTime (§5.12): media shown at `shown_s` of the presentation was captured at `unix_s`."""

    id: str
    type: str
    unix_s: float
    shown_s: float


@dataclass(frozen=True, slots=True)
class AdaptationSet:
    """Representations to switch between, lowest bandwidth first."""

    kind: Medium
    language: str
    main: bool
    representations: tuple[Representation, ...]
    reference: Reference | None


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of the presentation with the same sets throughout; `end_s` is inf while it goes on."""

    id: str
    start_s: float
    end_s: float
    sets: tuple[AdaptationSet, ...]

    def of(self, kind: str) -> AdaptationSet | None:
        """The set that a player chooses for this kind of media: the main one, else the first."""
        fitting = [one for one in self.sets if one.kind == kind]
        return next((one for one in fitting if one.main), fitting[0] if fitting else None)


@dataclass(frozen=True, slots=True)
class Latency:
    """ServiceDescription (Annex K): how far behind live to play, and the rates allowed to get there."""

    target_s: float
    min_s: float | None
    max_s: float | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Presentation:
    """A whole MPD. Times of presentation are seconds; `dynamic` ones are counted from `epoch_s` of Unix time."""

    url: str
    dynamic: bool
    epoch_s: float
    """availabilityStartTime, Unix seconds; 0 where there is none."""
    update_s: float | None
    """minimumUpdatePeriod; None where the MPD does not change."""
    delay_s: float | None
    """suggestedPresentationDelay."""
    depth_s: float
    """timeShiftBufferDepth, inf where all is kept."""
    min_buffer_s: float
    latency: Latency | None
    rates: tuple[float, float] | None
    clocks: tuple[tuple[str, str], ...]
    """UTCTiming: (scheme, URL or value)."""
    periods: tuple[Period, ...]

    @property
    def start_s(self) -> float:
        """Where the first period starts."""
        return self.periods[0].start_s

    @property
    def end_s(self) -> float:
        """Where the last period ends; inf while it goes on."""
        return self.periods[-1].end_s

    def period_at(self, position_s: float) -> Period:
        """The period in force; the first for an earlier time."""
        found = self.periods[0]
        for period in self.periods:
            if period.start_s <= position_s:
                found = period
        return found
