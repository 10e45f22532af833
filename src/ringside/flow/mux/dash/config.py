"""What an event may choose about its MPD, and the Anchor that ties media time to Unix time. Pure values."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ringside.core.media import NS_PER_S

PARTS = 3  # of which a player needs so many
LEAST_MS = 200
BEHIND_MS = 2500  # where a player that is further behind than its target had better jump


@dataclass(frozen=True, slots=True)
class Anchor:
    """Segment `number` starts at `media_s` of media time, which was captured at `unix_ns` of Unix time.

    Only for encoders that do not cut on the epoch; `unix_ns` is then the best that is known.
    """

    number: int
    media_s: Fraction
    unix_ns: int

    @property
    def unix_s(self) -> Fraction:
        """Unix time in seconds."""
        return Fraction(self.unix_ns, NS_PER_S)


class Config(BaseModel):
    """The event's segment duration, and what players are told to aim for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment_s: Fraction = Field(default=Fraction(2), gt=0)
    latency_target_ms: int = Field(default=1500, ge=LEAST_MS, le=60_000)
    latency_min_ms: int = Field(default=750, ge=0, le=60_000)
    latency_max_ms: int = Field(default=4000, ge=200, le=120_000)
    playback_rate_min: float = Field(default=0.95, ge=0.5, le=1)
    playback_rate_max: float = Field(default=1.05, ge=1, le=2)
    minimum_update_s: Fraction = Field(default=Fraction(2), gt=0)
    clock_url: str = "/clock"

    def aiming(self, target_ms: int, part_s: Fraction) -> "Config":
        """This, for players that are to be `target_ms` behind, or as near to it as parts of `part_s` allow."""
        ms = max(target_ms, math.ceil(PARTS * part_s * 1000), LEAST_MS)
        spread = {"latency_min_ms": ms // 2, "latency_max_ms": ms + BEHIND_MS}
        return self.model_copy(update={"latency_target_ms": ms, **spread})

    @field_validator("segment_s", "minimum_update_s", mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        return Fraction(str(value)) if isinstance(value, float) else value  # 1.92 is 48/25, not its nearest float
