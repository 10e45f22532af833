"""Target: where a restream goes, read from its URL. Pure. `name` is for people: it never shows a key or passphrase.

rtmp://HOST[:PORT]/APP/KEY   rtmps://HOST[:PORT]/APP/KEY   srt://HOST:PORT[?streamid=ID&passphrase=P&latency=MS]
"""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from ringside.core.errors import Misconfigured
from ringside.core.srt import Options

PORTS = {"rtmp": 1935, "rtmps": 443}
SRT_OPTIONS = ("streamid", "passphrase", "latency", "mode")
LONGEST_LATENCY_MS = 30_000
FORMS = "rtmp://HOST/APP/KEY, rtmps://HOST/APP/KEY or srt://HOST:PORT"


@dataclass(frozen=True, slots=True)
class Target:
    """One far end. `app` and `key` are RTMP's, `options` SRT's."""

    kind: Literal["rtmp", "rtmps", "srt"]
    name: str
    host: str
    port: int
    app: str = ""
    key: str = ""
    options: Options = field(default_factory=Options)

    def __repr__(self) -> str:
        return f"<Target {self.name}>"

    @property
    def url(self) -> str:
        """RTMP's tcUrl: the address without the key."""
        return f"{self.kind}://{self.host}:{self.port}/{self.app}"


def parse(url: str, key: str = "", passphrase: str = "") -> Target:
    """Where `url` leads. A `key` or `passphrase` given apart stands in for one in the URL. Raises Misconfigured."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misconfigured("restream: the address or port is not valid") from None
    if parts.scheme not in (*PORTS, "srt") or not parts.hostname:
        raise Misconfigured(f"restream {_shown(parts)}: it is not an address that can be sent to; there are {FORMS}")
    if parts.username or parts.password:
        raise Misconfigured(f"restream {_shown(parts)}: a user or password in the address is not supported")
    return _srt(parts, port, passphrase) if parts.scheme == "srt" else _rtmp(parts, port, key)


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme or '?'}://{parts.hostname or ''}"


def _rtmp(parts: SplitResult, port: int | None, key: str) -> Target:
    path = parts.path.strip("/")
    query = f"?{parts.query}" if parts.query else ""
    app, slash, last = (path, "/", key) if key else path.rpartition("/")
    kind: Literal["rtmp", "rtmps"] = "rtmps" if parts.scheme == "rtmps" else "rtmp"
    if not (app and slash and last):
        raise Misconfigured(
            f"restream {_shown(parts)}: the application or the stream key is missing, as in {kind}://HOST/live/KEY"
        )
    host = parts.hostname or ""
    port = PORTS[kind] if port is None else port
    name = f"{kind}://{_bracketed(host)}{'' if port == PORTS[kind] else f':{port}'}/{app}"
    return Target(kind, name, host, port, app, last + query)


def _srt(parts: SplitResult, port: int | None, passphrase: str) -> Target:
    host = parts.hostname or ""
    name = f"srt://{_bracketed(host)}:{port}"
    if not port:
        raise Misconfigured(f"restream {_shown(parts)}: the port is missing, as in srt://HOST:9000")
    query = {option: values[-1] for option, values in parse_qs(parts.query).items()}
    if unknown := sorted(set(query) - set(SRT_OPTIONS)):
        raise Misconfigured(f"restream {name}: there is no option {unknown[0]}; there are {', '.join(SRT_OPTIONS)}")
    if query.get("mode", "caller") != "caller":
        raise Misconfigured(f"restream {name}: it calls the far end, which has to listen; leave mode away")
    latency = query.get("latency", str(Options().latency_ms))
    if not (latency.isascii() and latency.isdigit() and int(latency) <= LONGEST_LATENCY_MS):
        raise Misconfigured(f"restream {name}: latency is 0 to {LONGEST_LATENCY_MS} milliseconds")
    options = Options(int(latency), query.get("streamid", ""), passphrase or query.get("passphrase", ""), 3000)
    if options.fault:
        raise Misconfigured(f"restream {name}: {options.fault}")
    return Target("srt", name, host, port, options=options)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
