"""Origins: host names resolved once, off the loop; a URL that cannot be asked for is a Failure, never an exception."""

import contextlib
import socket
import ssl
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ringside.prove.crowd.player.base import Failure

PORTS = {"http": 80, "https": 443}
MOST = 256
SLOW_BUFFER = 16 * 1024
BIND_ADDRESS_NO_PORT = 24  # of linux/in.h: the port is chosen on connecting

if TYPE_CHECKING:
    from ringside.prove.crowd.engine.session import Session


class Origin:
    """A host and port, resolved once, and how to speak with it."""

    __slots__ = ("address", "family", "host", "loopback", "tls")

    def __init__(self, host: str, family: int, address: Any, tls: ssl.SSLContext | None) -> None:
        self.host = host
        self.family = family
        self.address = address
        self.tls = tls
        self.loopback = family == socket.AF_INET and address[0].startswith("127.")

    def socket(self, session: "Session") -> socket.socket:
        """A socket for one connection of this viewer. Raises OSError where there are no descriptors left."""
        made = socket.socket(self.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if session.read_bps:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)
        if self.loopback:
            made.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            made.bind((session.source_address(), 0))
            with contextlib.suppress(OSError):  # pacing, as BBR does it, costs timers and finds nothing to probe here
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
        return made


class Origins:
    """Every origin asked for, by scheme and authority; at most `MOST`, then CONNECT."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._known: dict[str, Origin | Failure | Future[Origin | Failure]] = {}
        self._resolver = ThreadPoolExecutor(2, "resolver")

    def find(self, url: str) -> Origin | Failure | None:
        """The origin of a URL; None while its name is being resolved."""
        slash = url.find("/", 8)
        key = url[:slash] if slash > 0 else url
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST:
                return Failure.CONNECT
            found = self._known[key] = self._begin(key)
        if isinstance(found, Future):
            if not found.done():
                return None
            found = self._known[key] = found.result()
        return found

    def _begin(self, key: str) -> Origin | Failure | Future[Origin | Failure]:
        try:
            parts = urlsplit(key)
            port = parts.port or PORTS[parts.scheme]
        except (ValueError, KeyError):
            return Failure.CONNECT
        host = parts.hostname
        if not host:
            return Failure.CONNECT
        tls = self._tls if parts.scheme == "https" else None
        if host == "localhost" or host.replace(".", "").isdigit() or ":" in host:
            return _resolve(host, port, tls)
        return self._resolver.submit(_resolve, host, port, tls)

    def join(self, base: str, reference: str) -> str | None:
        """Where a redirect leads, or None if it is nowhere that can be asked."""
        try:
            url = urljoin(base, reference)
            return url if urlsplit(url).scheme in PORTS else None
        except ValueError:
            return None


def _resolve(host: str, port: int, tls: ssl.SSLContext | None) -> Origin | Failure:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Failure.CONNECT
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return Origin(host, family, address, tls)
