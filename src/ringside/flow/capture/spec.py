"""Spec: what a source's name means: `testcard`, `slate`, `-`, a file's path or URL, `udp://`, `rtmp://`, `srt://`, `whip://`.

Pure. What may be said after the `?` of a URL is decided here too; who reads it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from ringside.core.errors import Misconfigured

Kind = Literal["testcard", "slate", "file", "mpegts", "rtmp", "srt", "whip"]
Address = IPv4Address | IPv6Address

FORMS = (
    "testcard, slate, a file, http(s)://..., - (MPEG-TS on standard input), udp://ADDRESS:PORT, rtmp://HOST:PORT/live, "
    "srt://HOST:PORT or whip://HOST:PORT/PATH"
)
SRT_OPTIONS = ("mode", "streamid", "latency", "passphrase")
SRT_MODES = ("listener", "caller")
LONGEST_LATENCY_MS = 30_000
LONGEST_STREAM_ID = 512
RTMP_PORT, WHIP_PORT = 1935, 8889


@dataclass(frozen=True, slots=True)
class Spec:
    """A source by name. `name` is for people: it never shows a publisher's key or a URL's password."""

    kind: Kind
    name: str
    url: str
    host: str = ""
    port: int = 0
    app: str = ""  # RTMP's application; WHIP's path, which begins with a slash
    key: str = ""
    interface: str = ""  # local address by which a multicast group is joined
    sender: str = ""  # the only address a multicast group is taken from
    options: Mapping[str, str] = field(default_factory=dict)  # of SRT, checked

    @property
    def recorded(self) -> bool:
        """Whether it is a file of this machine: what it shows is meant."""
        return self.kind == "file" and not self.host

    @property
    def place(self) -> str:
        """What of this machine it takes, which two inputs cannot both have; empty: nothing."""
        if self.url == "-":
            return "standard input"
        if self.kind in ("rtmp", "whip") and self.port:
            return f"port {self.port} (TCP)"
        if self.kind == "srt" and self.options["mode"] == "listener" and self.port:
            return f"port {self.port} (UDP)"
        return self.name if self.kind == "mpegts" and self.port else ""


def parse(url: str) -> Spec:
    """The source that `url` names. Raises Misconfigured naming it."""
    if url == "testcard":
        return Spec("testcard", "test card", url)
    if url == "slate":
        return Spec("slate", "slate", url)
    if url == "-":
        return Spec("mpegts", "standard input", url)
    scheme = url.split("://", 1)[0].lower() if "://" in url else ""
    if not scheme:
        return Spec("file", url, url)
    if scheme not in _READERS:
        raise Misconfigured(f"source {url}: {scheme}:// is not a source Ringside knows; it takes {FORMS}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misconfigured(f"source {url}: the address or port is not valid") from None
    return _READERS[scheme](url, parts, port)


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
    query = _query(url, parts, ("interface", "source"))
    for value in query.values():
        _address(value, url)
    if query and not address.is_multicast:
        raise Misconfigured(f"source {url}: interface and source are for multicast groups, and {host} is none")
    return Spec(
        "mpegts", f"udp://{parts.netloc}", url, host=host, port=port,
        interface=query.get("interface", ""), sender=query.get("source", ""),
    )  # fmt: skip


def _query(url: str, parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    shown = url.partition("?")[0]  # there may be a passphrase behind it
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := sorted(set(query) - set(known)):
        there_are = f"{', '.join(known[:-1])} and {known[-1]}"
        raise Misconfigured(f"source {shown}: there is no option {unknown[0]}; there are {there_are}")
    return query


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
    port = RTMP_PORT if port is None else port
    return Spec("rtmp", f"rtmp://{host}:{port}/{app}", url, host=host, port=port, app=app, key=key)


def _srt(url: str, parts: SplitResult, port: int | None) -> Spec:
    """`?mode=listener|caller&streamid=...&latency=MS&passphrase=...`; who names another machine calls it."""
    if port is None:
        raise Misconfigured(f"source {url.partition('?')[0]}: the port is missing, as in srt://0.0.0.0:9000")
    host = parts.hostname or "0.0.0.0"
    shown = f"srt://{host}:{port}"
    options = {"mode": "listener", "streamid": "", "latency": "200", "passphrase": ""}
    options |= _query(url, parts, SRT_OPTIONS)
    if options["mode"] not in SRT_MODES:
        raise Misconfigured(f"source {shown}: mode is listener or caller, not {options['mode']}")
    if not (options["latency"].isascii() and options["latency"].isdigit()) or (
        int(options["latency"]) > LONGEST_LATENCY_MS
    ):
        raise Misconfigured(f"source {shown}: latency is 0 to {LONGEST_LATENCY_MS} milliseconds")
    if len(options["streamid"].encode()) > LONGEST_STREAM_ID:
        raise Misconfigured(f"source {shown}: a streamid has at most {LONGEST_STREAM_ID} bytes")
    if options["passphrase"] and not 10 <= len(options["passphrase"].encode()) <= 79:
        raise Misconfigured(f"source {shown}: a passphrase of SRT has 10 to 79 bytes")
    return Spec("srt", shown, url, host=host, port=port, options=options)


def _whip(url: str, parts: SplitResult, port: int | None) -> Spec:
    host, port = parts.hostname or "0.0.0.0", WHIP_PORT if port is None else port
    path = "/" + parts.path.strip("/")
    if path == "/":
        raise Misconfigured(f"source {url}: the path is missing, as in whip://0.0.0.0:{WHIP_PORT}/whip")
    return Spec("whip", f"whip://{host}:{port}{path}", url, host=host, port=port, app=path)


_READERS = {"http": _web, "https": _web, "udp": _udp, "rtmp": _rtmp, "srt": _srt, "whip": _whip}
