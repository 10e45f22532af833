"""Spec: what a source's name means: `testcard`, `-`, `udp://`, `rtmp://`, a path or an http(s) URL. Pure."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from ringside.core.errors import Misconfigured

Kind = Literal["testcard", "file", "mpegts", "rtmp"]
Address = IPv4Address | IPv6Address

FORMS = "testcard, a file, http(s)://..., - (MPEG-TS on standard input), udp://ADDRESS:PORT or rtmp://HOST:PORT/live"


@dataclass(frozen=True, slots=True)
class Spec:
    """A source by name. `name` is for people: it never shows a publisher's key or a URL's password."""

    kind: Kind
    name: str
    url: str
    host: str = ""
    port: int = 0
    app: str = ""
    key: str = ""
    interface: str = ""  # local address by which a multicast group is joined
    sender: str = ""  # the only address a multicast group is taken from


def parse(url: str) -> Spec:
    """The source that `url` names. Raises Misconfigured naming it."""
    if url == "testcard":
        return Spec("testcard", "test card", url)
    if url == "-":
        return Spec("mpegts", "standard input", url)
    scheme = url.split("://", 1)[0].lower() if "://" in url else ""
    if not scheme:
        return Spec("file", url, url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misconfigured(f"source {url}: the address or port is not valid") from None
    if scheme in {"http", "https"}:
        return _web(url, parts, port)
    if scheme == "udp":
        return _udp(url, parts, port)
    if scheme == "rtmp":
        return _rtmp(url, parts, port)
    raise Misconfigured(f"source {url}: {scheme}:// is not a source Ringside knows; it takes {FORMS}")


def _web(url: str, parts: SplitResult, port: int | None) -> Spec:
    if not parts.hostname:
        raise Misconfigured(f"source {url}: there is no host in it")
    shown = f"{parts.scheme}://{parts.hostname}{f':{port}' if port else ''}{parts.path}"
    return Spec("file", shown, url, host=parts.hostname, port=port or 0)


def _udp(url: str, parts: SplitResult, port: int | None) -> Spec:
    if not port:
        raise Misconfigured(f"source {url}: the port is missing, as in udp://239.1.1.1:5000")
    host = (parts.hostname or "").lstrip("@") or "0.0.0.0"
    address = _address(host, url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := sorted(set(query) - {"interface", "source"}):
        raise Misconfigured(f"source {url}: there is no option {unknown[0]}; there are interface and source")
    for value in query.values():
        _address(value, url)
    if query and not address.is_multicast:
        raise Misconfigured(f"source {url}: interface and source are for multicast groups, and {host} is none")
    return Spec(
        "mpegts", f"udp://{parts.netloc}", url, host=host, port=port,
        interface=query.get("interface", ""), sender=query.get("source", ""),
    )  # fmt: skip


def _address(text: str, url: str) -> Address:
    try:
        return ip_address(text)
    except ValueError:
        raise Misconfigured(f"source {url}: {text} is not an IP address") from None


def _rtmp(url: str, parts: SplitResult, port: int | None) -> Spec:
    app, _, key = parts.path.strip("/").partition("/")
    if not app:
        raise Misconfigured(f"source {url}: the application is missing, as in rtmp://0.0.0.0:1935/live")
    host = parts.hostname or "0.0.0.0"
    port = 1935 if port is None else port
    return Spec("rtmp", f"rtmp://{host}:{port}/{app}", url, host=host, port=port, app=app, key=key)
