"""What an operator may set about a multicast session that is sent: the options of `ringside multicast send`."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ringside.core.mabr import FEC_NONE, FEC_RAPTORQ, FEC_RS

TOKEN = r"^[\x21-\x7e]*$"
SCHEMES = {"raptorq": FEC_RAPTORQ, "rs": FEC_RS, "none": FEC_NONE}
ROUTERS_OWN = IPv4Network("224.0.0.0/24")  # never forwarded, and hosts hear all of it (RFC 5771, 4)
SOURCE_SPECIFIC = IPv4Network("232.0.0.0/8")  # RFC 4607


def _is_url(url: str) -> str:
    parts = urlsplit(url)  # raises ValueError with its own sentence
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address such as http://origin.example:8080")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must have no user, query or fragment")
    if not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\'):
        raise ValueError("must be written in printable ASCII without spaces")
    _ = parts.port, parts.hostname.encode("idna")  # raise ValueError for a port or a name that cannot be
    return url.rstrip("/")


def _is_address(text: str) -> str:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise ValueError("must be an IPv4 address such as 239.1.1.1") from None
    return str(address)


def _is_group(text: str) -> str:
    address = IPv4Address(_is_address(text))
    if not address.is_multicast:
        raise ValueError("is no multicast address; they are 224.0.1.0 to 239.255.255.255, your own begin with 239")
    if address in ROUTERS_OWN:
        raise ValueError("is for routers' own use; take an address that begins with 239")
    return text


def _is_host(text: str) -> str:
    address = IPv4Address(_is_address(text))
    if address.is_multicast or address.is_unspecified:
        raise ValueError("is no address that a sender can have")
    return text


Url = Annotated[str, AfterValidator(_is_url)]


class Config(BaseModel):
    """A session: from where, to where, how fast and how safe. Bits a second, bytes, seconds, per cent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: Url
    feed_token: str = Field(default="", max_length=256, pattern=TOKEN)
    group: Annotated[str, AfterValidator(_is_group)]
    port: int = Field(ge=1, le=65535)
    source: Annotated[str, AfterValidator(_is_host)] | None = None  # only what comes from there is taken
    interface: str | None = Field(default=None, min_length=1, max_length=64)  # its name, or an address of it
    ttl: int = Field(default=1, ge=0, le=255)  # 0: not beyond this machine; 1: not beyond its network
    rate_bps: int | None = Field(default=None, ge=64_000, le=10_000_000_000)  # None: 2.5 times what the tracks need
    depth_bytes: int | None = Field(default=None, ge=2048, le=1 << 24)  # what may leave at once; None: by the rate
    tracks: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")], ...] = ()  # none: all
    fec: Literal["raptorq", "rs", "none"] = "raptorq"
    overhead: int = Field(default=12, ge=0, le=100)  # repair symbols, of source symbols
    symbol: int = Field(default=1280, ge=64, le=1408, multiple_of=8)  # of an object, in each packet
    description: Path = Path("multicast.xml")
    repair: tuple[Url, ...] = Field(default=(), max_length=16)  # none: the origin
    reorder_ms: int = Field(default=20, ge=0, le=1000)  # how long gateways wait for what others overtook
    valid_s: int = Field(default=86_400, ge=60)  # how long the description is good

    @model_validator(mode="after")
    def _has_a_source_where_it_must(self) -> "Config":
        if IPv4Address(self.group) in SOURCE_SPECIFIC and self.source is None:
            raise ValueError(f"{self.group} is joined with its source; say with --source which address sends")
        return self
