"""What an operator may set about MoQ: the `[moq]` table of an event file."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _is_address(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme != "https" or not parts.hostname):
        raise ValueError("must be an https:// address, as WebTransport has no other")
    return url


Address = Annotated[str, AfterValidator(_is_address)]


class Config(BaseModel):
    """How chunks are published over WebTransport. Seconds, counts, bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: bool = False
    port: int | None = Field(default=None, ge=1, le=65535)  # UDP; without, the number of the public port
    url: Address = ""  # what viewers are told; without, the host of the page and our port, or the relay
    relay: Address = ""  # publish there, and serve nobody here
    fingerprint: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")  # SHA-256 of the relay's certificate
    max_sessions: int = Field(default=1000, ge=1)
    handshake_s: float = Field(default=10, gt=0)
    keep_s: float = Field(default=2, gt=0)  # how old a group is before who still takes it is moved on
    cache_bytes: int = Field(default=64 << 20, ge=1 << 20)  # of groups that are kept
    renew_s: float = Field(default=10 * 86_400, gt=0, le=13 * 86_400)  # then a certificate of our own is made anew
