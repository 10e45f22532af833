"""About: what an event is called, and its timeline: the `[event]` table, which every process needs."""

from fractions import Fraction

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ringside.core.media import Timeline
from ringside.flow.origin.target import LEAST_S, MOST_S


class About(BaseModel):
    """What the event is called, and its timeline."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="main", pattern=r"^[A-Za-z0-9_-]{1,32}$")
    title: str = Field(default="", max_length=120)
    segment_s: float = Field(default=2.0, ge=1, le=10)
    part_s: float = Field(default=0.2, gt=0.01, le=2)
    linger_s: float = Field(default=12.0, ge=0, le=86_400)
    """How long an event that has ended is served: our page asks anew up to 8 s after a playlist stood still."""

    target_s: float = Field(default=1.2, ge=LEAST_S, le=MOST_S)
    """How long after its capture every player shows a picture; `ringside target` changes it while the event is on."""

    frames_per_chunk: int = Field(default=0, ge=0, le=120)
    """Pictures in a chunk. 0: a chunk is a part. 1: viewers of the stream have each picture when it is encoded, for a
    write each; parts are as long as before."""

    @field_validator("part_s")
    @classmethod
    def _divides(cls, part_s: float) -> float:
        if (1 / Fraction(str(part_s))).denominator != 1 and part_s != 1:
            raise ValueError("must divide one second evenly, e.g. 0.2, 0.25 or 0.5")
        return part_s

    @property
    def timeline(self) -> Timeline:
        """The event's one timeline."""
        return Timeline(Fraction(str(self.segment_s)), Fraction(str(self.part_s)))
