"""What the operator may choose about the archive: the `[archive]` table of an event file."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

SCHEMES = ("file", "s3", "gs", "az", "azure", "http", "https", "memory")


def state_folder() -> Path:
    """Where this user's programs keep what is to outlive them (XDG base directories)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "ringside"


class Config(BaseModel):
    """Where what is published is kept, and for how long."""

    model_config = ConfigDict(extra="forbid")

    on: bool = True  # finished segments are kept in the store
    url: str = Field(default="", max_length=1024)  # of an object store, or a folder; empty: a folder of this user
    spool: str = Field(default="", max_length=1024)  # folder on this machine for what was just published; empty: ours
    spool_bytes: int = Field(default=20 * 2**30, ge=2**20)  # what may wait there for a store that is down
    memory_s: float = Field(default=60.0, ge=12, le=86_400)  # how much of the DVR is held in memory
    resume_s: float = Field(default=600.0, ge=0, le=86_400)  # an origin started again goes on with a session so young
    keep_s: float = Field(default=0.0, ge=0)  # older media is let go; 0: never
    keep_bytes: int = Field(default=0, ge=0)  # the oldest media beyond it is let go; 0: never

    @field_validator("url")
    @classmethod
    def _is_a_place(cls, url: str) -> str:
        scheme, colon, _ = url.partition("://")
        if colon and scheme not in SCHEMES:
            raise ValueError(f"is a folder or one of {', '.join(f'{each}://' for each in SCHEMES)}")
        return url

    @property
    def spool_folder(self) -> Path:
        """Where sessions are on this machine."""
        return Path(self.spool).expanduser() if self.spool else state_folder() / "spool"

    @property
    def store_url(self) -> str:
        """Where finished segments go; empty: nowhere."""
        if not self.on:
            return ""
        return self.url or str(state_folder() / "archive")
