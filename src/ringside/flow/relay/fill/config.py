"""What an operator may set about where an edge takes its objects from: the `[fill]` table of an event file."""

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ringside.flow.relay.fill.policy import Policy

TOKEN = r"^[\x21-\x7e]*$"


MAX_ORIGINS = 4


class Config(BaseModel):
    """The origins, and what may be kept of them. `auto`: the push feed where one gives it, else pull.

    `origin` is the first of `origins`, and either may be left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: str
    origins: tuple[str, ...] = Field(default=(), max_length=MAX_ORIGINS)  # that have the same, all of them followed
    late_s: float = Field(default=0.15, ge=0.02, le=5)  # media later than another origin's by so much: that one's
    mode: Literal["auto", "push", "pull"] = "auto"
    feed_token: str = Field(default="", max_length=256, pattern=TOKEN)  # shown to the origin, and asked of edges
    memory_bytes: int = Field(default=2**30, ge=2**24)  # of media; the oldest, or least wanted, goes beyond it
    ignored_query: tuple[str, ...] = ("CMCD", "CMSD", "token", "cat", "CAT")  # parameters that are no part of a name
    pull: Policy = Policy()

    @model_validator(mode="before")
    @classmethod
    def _agree(cls, values: Any) -> Any:
        """The first is the first by either name."""
        if not isinstance(values, dict) or not isinstance(listed := values.get("origins", ()), list | tuple):
            return values
        first = values.get("origin") or (listed[0] if listed else None)
        if not isinstance(first, str):
            return values
        rest = list(listed)
        if (here := next((each for each in rest if _bare(each) == _bare(first)), None)) is not None:
            rest.remove(here)
        return {**values, "origin": first, "origins": [first, *rest]}

    @field_validator("origins")
    @classmethod
    def _are_addresses(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        given = tuple(cls._is_an_address(origin) for origin in origins)
        if len(set(given)) < len(given):
            raise ValueError("must name each origin once")
        return given

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

    def only(self, origin: str) -> "Config":
        """The same with this origin alone."""
        return self.model_copy(update={"origin": origin, "origins": (origin,)})


def _bare(origin: object) -> object:
    return origin.rstrip("/") if isinstance(origin, str) else origin
