"""What an operator may set about the edge, and the static files it serves beside the event."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """The public port and what one worker process allows. Seconds, counts, bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "0.0.0.0"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=256)
    max_connections: int = Field(default=20_000, ge=1)  # per worker
    idle_timeout_s: float = Field(default=75, gt=0)
    head_timeout_s: float = Field(default=10, gt=0)  # from a request's first byte to the end of its head
    slow_grace_s: float = Field(default=10, gt=0)  # how long a reader may take, and on top of it
    slow_bytes_per_s: int = Field(default=16_000, gt=0)  # the rate below which it is dropped
    max_requests_per_s: int = Field(default=500, ge=1)  # on one connection; more are answered 429, and it is closed
    drain_s: float = Field(default=10, ge=0)  # how long a worker that is to go finishes what it has begun
    cache: bool = False  # an upstream is behind it: its answers tell their age
    pull: bool = False  # what it does not have is pulled from there
    ignored_query: tuple[str, ...] = ("CMCD", "CMSD", "token", "cat", "CAT")  # no part of an object's name, when pulled
    tls_cert: Path | None = None
    tls_key: Path | None = None
    listen_fd: int = -1  # a listening socket that was inherited; else it opens one of its own


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file: `path` as in a URL, e.g. `/` or `/player/main.js`."""

    path: str
    body: bytes
    content_type: str
