"""Policy: every time and every bound by which an edge pulls from an origin that is not ours."""

from pydantic import BaseModel, ConfigDict, Field


class Policy(BaseModel):
    """Seconds, counts, bytes. Lifetimes hold where the origin names none (RFC 9111 §4.2.2)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect_s: float = Field(default=3, gt=0)
    silence_s: float = Field(default=18, gt=0, le=18)  # how long an origin says nothing: ours, 15; workers hold for 20
    longest_s: float = Field(default=600, gt=0)  # one answer, from its head to its end
    patience_s: float = Field(default=1, gt=0)  # then a stale copy is served on while the origin thinks
    gather_s: float = Field(default=0.02, ge=0)  # a small object that is whole by then is told in one piece

    shortest_s: float = Field(default=0.2, ge=0)  # of everything: it is shared by those who ask in the same instant
    longest_fresh_s: float = Field(default=86_400, gt=0)
    manifest_s: float = Field(default=1, gt=0)  # without a target duration; with one, half of it
    blocking_targets: float = Field(default=6, gt=0)  # a blocking playlist, in target durations
    media_s: float = Field(default=60, gt=0)
    refusal_s: float = Field(default=5, gt=0)
    failure_s: float = Field(default=1, gt=0)  # the first time; twice as long each time after
    failure_max_s: float = Field(default=5, gt=0)
    manifest_grace_s: float = Field(default=30, ge=0)  # beyond its freshness, while the origin fails
    media_grace_s: float = Field(default=3600, ge=0)

    max_pulls: int = Field(default=256, ge=1)  # at once
    max_queued: int = Field(default=1024, ge=0)
    max_objects: int = Field(default=100_000, ge=1)
    max_object_bytes: int = Field(default=256 << 20, ge=1)
    max_manifest_bytes: int = Field(default=4 << 20, ge=1)  # told when complete; larger ones as they come
