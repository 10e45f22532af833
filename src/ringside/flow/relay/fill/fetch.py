"""Fetch: asks the origin for one object, over connections that are kept (aiohttp).

What enters: a key, and by what a copy is known. What leaves: the facts of the answer and its body as it comes, or one
sentence that says why there is none. Nothing is followed, remembered or decoded but the content coding that an origin
insists on; nothing is retried but a request on a connection that had died before it was sent.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from ringside.flow.relay.fill.config import Config
from ringside.flow.relay.fill.lifetime import Answer

FIELDS = {"User-Agent": "ringside-edge", "Via": "1.1 ringside-edge", "Accept": "*/*", "Accept-Encoding": "identity"}
CODINGS = {"", "identity"}


class Unanswered(Exception):
    """The origin gave no answer, or none that can be passed on: the sentence says why, `status` is what viewers get.

    `state`: what this says of the origin: "live", "silent" or "unreachable".
    """

    def __init__(self, sentence: str, status: int = 502, state: str = "live") -> None:
        super().__init__(sentence)
        self.status = status
        self.state = state


def open_session(config: Config) -> aiohttp.ClientSession:
    """A client for one origin; the caller closes it."""
    policy = config.pull
    silence = aiohttp.ClientTimeout(total=None, sock_connect=policy.connect_s, sock_read=policy.silence_s)
    connector = aiohttp.TCPConnector(limit=policy.max_pulls, ttl_dns_cache=10)
    jar = aiohttp.DummyCookieJar()
    return aiohttp.ClientSession(connector=connector, timeout=silence, cookie_jar=jar, headers=FIELDS)


class Fetch:
    """Asks the origin at `origin`, e.g. `http://origin.example:8080/prefix`."""

    def __init__(self, origin: str, session: aiohttp.ClientSession, longest_s: float) -> None:
        self._origin = origin.rstrip("/")
        self._session = session
        self._longest_s = longest_s

    def __repr__(self) -> str:
        return f"<Fetch {self._origin}>"

    @asynccontextmanager
    async def ask(self, key: str, known: Answer | None) -> AsyncIterator[tuple[Answer, AsyncGenerator[bytes, None]]]:
        """The answer to `key`, and its body. `known`: what may be confirmed with 304. Raises Unanswered, also later."""
        try:
            async with asyncio.timeout(self._longest_s):
                with _translated():
                    url = URL(self._origin + key, encoded=True)
                    reply = await self._session.get(url, headers=conditions(known), allow_redirects=False)
                try:
                    yield self._facts(reply.status, reply.headers), _body(reply)
                finally:
                    reply.release()  # which closes the connection unless all of it was read
        except TimeoutError:
            raise Unanswered("the origin's answer takes too long", 504) from None

    def _facts(self, status: int, fields: CIMultiDictProxy[str]) -> Answer:
        coded = fields.get("Content-Encoding", "").strip().lower() not in CODINGS
        announced = fields.get("Content-Length", "")
        framed = announced.isdigit() and not coded and "Transfer-Encoding" not in fields
        return Answer(
            status=status,
            content_type=fields.get("Content-Type", "application/octet-stream"),
            length=int(announced) if framed else -1,
            cache_control=", ".join(fields.getall("Cache-Control", [])),
            age=fields.get("Age", ""),
            expires=fields.get("Expires", ""),
            date=fields.get("Date", ""),
            etag=fields.get("ETag", ""),
            last_modified=fields.get("Last-Modified", ""),
            location=through(self._origin, fields.get("Location", "")),
        )


def through(origin: str, location: str) -> str:
    """Where a redirect leads a viewer of this edge: through it as well, where it stays at the origin."""
    for prefix in (origin, urlsplit(origin).path):
        rest = location.removeprefix(prefix)
        if prefix and rest != location and rest.startswith("/"):
            return rest
    return location


def conditions(known: Answer | None) -> Mapping[str, str]:
    """The fields by which an origin can say that what is known is still so (RFC 9110 §13.1)."""
    if known is None:
        return {}
    pairs = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in pairs.items() if value}


async def _body(reply: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    with _translated():
        async for data in reply.content.iter_any():
            yield data


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever a client may raise, in a sentence."""
    try:
        yield
    except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
        reason = getattr(error, "strerror", None) or "no connection in time"
        raise Unanswered(f"the origin cannot be reached: {reason}", 502, "unreachable") from None
    except TimeoutError:
        raise Unanswered("the origin did not answer in time", 504, "silent") from None
    except (aiohttp.ClientPayloadError, aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise Unanswered("the origin's answer broke off") from None
    except (aiohttp.ClientError, ValueError):
        raise Unanswered("the origin's answer cannot be read") from None
