"""What the operator may choose about an origin: the `[origin]` table of an event file.

The event's name and its timeline (segment and part length) are the event's own and are passed beside it.
"""

from pydantic import BaseModel, ConfigDict, Field, field_validator

TOKEN = r"^[\x21-\x7e]*$"


class Config(BaseModel):
    """The live window and who may publish into it."""

    model_config = ConfigDict(extra="forbid")

    dvr_s: float = Field(default=300.0, ge=12, le=86_400)  # how far back a viewer may scrub
    dvr_bytes: int = Field(default=512 * 2**20, ge=2**20)  # all media held in memory, listed or still fetchable
    part_hold_back_s: float = Field(default=0.0, ge=0, le=30)  # 0: three part targets
    ingest_token: str = Field(default="", max_length=256, pattern=TOKEN)  # empty: nobody may publish
    feed_token: str = Field(default="", max_length=256, pattern=TOKEN)  # what edges elsewhere show; empty: nothing
    takeover: bool = False  # a second publisher of a track replaces the first
    max_tracks: int = Field(default=16, ge=1, le=64)
    lag_s: float = Field(default=1.0, ge=0.2, le=10)  # a track further behind the newest one is filled with GAP
    silent_s: float = Field(default=0.5, ge=0.1, le=10)  # nothing of any track for so long: GAP stands for it
    select_wait_s: float = Field(default=0.15, ge=0, le=5)  # a studio's chunk waits so long for a better one's
    slate_after_s: float = Field(default=1.0, ge=0, le=60)  # nothing from any studio for so long: slate; 0: never
    settle_s: float = Field(default=1.5, ge=0, le=10)  # manifests wait no longer for tracks still to come

    @field_validator("ingest_token", "feed_token")
    @classmethod
    def _is_not_short(cls, token: str) -> str:
        if token and len(token) < 6:
            raise ValueError("must have at least 6 characters")
        return token
