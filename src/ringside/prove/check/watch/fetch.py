"""The judge's HTTP client: every request ends, in bounded time and memory, as a Fetch.

What enters: URLs. What leaves: Fetch, with the time of each piece, the headers as sent, and, where something went
wrong, a sentence. Redirects are followed by hand, content is decoded under a limit. It judges nothing and raises
nothing that a server could cause.
"""

import asyncio
import os
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import aiohttp
import yarl

from ringside.core.clock import Clock
from ringside.prove.check.seen import Fetch
from ringside.prove.check.watch.decode import Undecodable, decode

MEDIA_BYTES = 64 << 20
PLAYLIST_BYTES = 8 << 20  # decoded
MAX_REDIRECTS = 5
MAX_PIECES = 4096  # arrivals told apart; what comes after them counts to the last
TOTAL_S = 20.0
IDLE_S = 10.0
REDIRECTS = {301, 302, 303, 307, 308}
AGENT = "ringside-check"

Headers = Iterable[tuple[str, str]]


@dataclass
class _Answer:
    """An answer in the making."""

    url: str
    asked_ns: int
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    first_ns: int = 0
    body: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, int]] = field(default_factory=list)

    def took(self, now_ns: int, piece: bytes) -> None:
        self.first_ns = self.first_ns if self.arrivals else now_ns
        self.body += piece
        if len(self.arrivals) < MAX_PIECES:
            self.arrivals.append((now_ns, len(piece)))
        else:
            self.arrivals[-1] = (now_ns, self.arrivals[-1][1] + len(piece))

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class _Broken(Exception):
    """Why an answer ends here; the sentence."""


class Client:
    """A pool of connections. `on_fetch` hears of every Fetch, without its body unless it is a playlist's;
    `headers` go with each request."""

    def __init__(
        self,
        clock: Clock,
        headers: Headers = (),
        insecure: bool = False,
        on_fetch: Callable[[Fetch], None] = lambda fetch: None,
    ) -> None:
        self._clock = clock
        self._headers = (("User-Agent", AGENT), *headers)
        self._insecure = insecure
        self._on_fetch = on_fetch
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0, ssl=not self._insecure, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=IDLE_S),
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def playlist(self, url: str, headers: Headers = (), total_s: float = TOTAL_S) -> Fetch:
        """A playlist or manifest, as players ask for it: compressed if the server likes."""
        accept = () if any(name.lower() == "accept-encoding" for name, _ in headers) else (("Accept-Encoding", "gzip"),)
        return await self.get(url, (*accept, *headers), total_s=total_s, limit=PLAYLIST_BYTES)

    async def get(
        self,
        url: str,
        headers: Headers = (),
        *,
        method: str = "GET",
        total_s: float = TOTAL_S,
        idle_s: float | None = None,
        limit: int = MEDIA_BYTES,
    ) -> Fetch:
        """Ask, follow redirects, read all. `idle_s` None: silence may last as long as all may. Always returns."""
        answer = _Answer(url, self._clock.now_ns())
        problem = ""
        try:
            async with asyncio.timeout(total_s):
                await self._follow(answer, method, tuple(headers), idle_s or total_s, limit)
        except TimeoutError:
            problem = f"no complete answer within {total_s:g} s, {len(answer.body)} bytes had come"
        except _Broken as broken:
            problem = str(broken)
        except (aiohttp.ClientError, OSError, ValueError, EOFError, AssertionError) as error:
            problem = sentence(error, len(answer.body))
        fetch = self._finish(answer, problem, limit)
        self._on_fetch(fetch if limit == PLAYLIST_BYTES else bodiless(fetch))
        return fetch

    async def _follow(self, answer: _Answer, method: str, headers: Headers, idle_s: float, limit: int) -> None:
        seen: set[str] = set()
        while True:
            await self._once(answer, method, headers, idle_s, limit)
            if answer.status not in REDIRECTS or not answer.header("location"):
                return
            seen.add(answer.url)
            target = urljoin(answer.url, answer.header("location"))
            if urlsplit(target).scheme not in {"http", "https"}:
                raise _Broken(f"it redirects to {target[:120]!r}, which is not HTTP")
            if target in seen:
                raise _Broken(f"it redirects in a circle, back to {target[:120]}")
            if len(seen) > MAX_REDIRECTS:
                raise _Broken(f"it redirects more than {MAX_REDIRECTS} times")
            answer.url = target
            answer.status, answer.headers, answer.first_ns = 0, (), 0
            answer.body.clear()
            answer.arrivals.clear()

    async def _once(self, answer: _Answer, method: str, headers: Headers, idle_s: float, limit: int) -> None:
        assert self._session is not None
        sent = [*self._headers, *headers]
        url = yarl.URL(answer.url, encoded=True)
        async with self._session.request(method, url, headers=sent, allow_redirects=False) as reply:
            answer.status = reply.status
            answer.headers = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in reply.raw_headers
            )
            answer.first_ns = self._clock.now_ns()
            while True:
                piece = await self._piece(reply, answer, idle_s)
                if not piece:
                    return
                answer.took(self._clock.now_ns(), piece)
                if len(answer.body) > limit:
                    reply.close()
                    raise _Broken(f"the body is longer than {limit} bytes")

    async def _piece(self, reply: aiohttp.ClientResponse, answer: _Answer, idle_s: float) -> bytes:
        try:
            async with asyncio.timeout(idle_s):
                return await reply.content.readany()
        except TimeoutError:
            reply.close()
            raise _Broken(f"nothing came for {idle_s:g} s after {len(answer.body)} bytes") from None

    def _finish(self, answer: _Answer, problem: str, limit: int) -> Fetch:
        now_ns = self._clock.now_ns()
        body = bytes(answer.body)
        encoding = answer.header("content-encoding")
        if encoding and body:
            try:
                body = decode(body, encoding, limit)
            except Undecodable as error:
                problem, body = problem or str(error), b""
        last_ns = answer.arrivals[-1][0] if answer.arrivals and not problem else now_ns
        return Fetch(
            answer.url, answer.asked_ns, answer.first_ns or now_ns, last_ns, answer.status,
            answer.headers, body, tuple(answer.arrivals), problem,
        )  # fmt: skip


def sentence(error: Exception, had: int) -> str:
    """What went wrong, for a person; `had`: bytes of the body that came."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"its TLS certificate was refused: {_plain(error.certificate_error)}"
        case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return f"TLS failed: {_plain(error)}"
        case aiohttp.ClientConnectorError():
            return f"no connection: {_reason(error.os_error)}"
        case aiohttp.ServerTimeoutError():
            return "no connection within the time allowed"
        case aiohttp.ServerDisconnectedError():
            return "the connection was closed without an answer"
        case aiohttp.ClientPayloadError():
            return f"the body ended before it should, after {had} bytes"
        case aiohttp.ClientResponseError():
            return f"the answer is not proper HTTP: {_plain(error.message)}"
        case aiohttp.InvalidURL():
            return "the URL is malformed"
        case ConnectionError():
            return f"the connection broke after {had} bytes of the body: {_plain(error)}"
    return f"the request failed: {_plain(error)}"


def _reason(error: OSError) -> str:
    """What the system says, without the address, which the URL says already."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else _plain(error)


def _plain(error: object) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:120]


def bodiless(fetch: Fetch) -> Fetch:
    """The same without its body: what is kept of most."""
    return replace(fetch, body=b"")
