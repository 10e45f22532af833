"""What an operator may set about where an edge takes its objects from: the `[fill]` table of an event file."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ringside.flow.relay.fill.policy import Policy

TOKEN = r"^[\x21-\x7e]*$"


class Config(BaseModel):
    """The origin, and what may be kept of it. `auto`: the push feed where the origin gives one, else pull."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: str
    mode: Literal["auto", "push", "pull"] = "auto"
    feed_token: str = Field(default="", max_length=256, pattern=TOKEN)  # shown to the origin, and asked of edges
    memory_bytes: int = Field(default=2**30, ge=2**24)  # of media; the oldest, or least wanted, goes beyond it
    ignored_query: tuple[str, ...] = ("CMCD", "CMSD", "token", "cat", "CAT")  # parameters that are no part of a name
    pull: Policy = Policy()

    @field_validator("origin")
    @classmethod
    def _is_an_address(cls, origin: str) -> str:
        parts = urlsplit(origin)  # raises ValueError with its own sentence
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an address such as http://origin.example:8080")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError("must have no user, query or fragment")
        if not origin.isascii() or not origin.isprintable() or " " in origin:
            raise ValueError("must be written in printable ASCII without spaces")
        _ = parts.port, parts.hostname.encode("idna")  # raise ValueError for a port or a name that cannot be
        return origin.rstrip("/")
