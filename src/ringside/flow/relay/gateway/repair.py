"""Repair: bytes that the group did not give, by HTTP from those who have them (RFC 9110 section 14).

What enters: a path, ranges of its bytes, and how long there is. What leaves: pieces, each as it lies in the resource;
nothing where the answer is not what was asked for. What an answer can make us keep is bounded by what was asked.
"""

import asyncio
import logging
import re
from collections.abc import Sequence

import aiohttp
from yarl import URL

from ringside.flow.relay.gateway.actions import Ask

log = logging.getLogger(__name__)

CONNECT_S = 2.0
MAX_CONNECTIONS = 32
PIECE_BYTES = 64 << 10
FIELDS = {"User-Agent": "ringside-gateway", "Accept": "*/*", "Accept-Encoding": "identity"}
CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(?:\d{1,15}|\*)")
Pieces = list[tuple[int, bytes]]


class Unmended(Exception):
    """A repair that gave nothing; says why."""


def open_session() -> aiohttp.ClientSession:
    """A client for the repair origins; the caller closes it."""
    connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ttl_dns_cache=10)
    patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
    return aiohttp.ClientSession(
        connector=connector, timeout=patience, cookie_jar=aiohttp.DummyCookieJar(), headers=FIELDS
    )


class Repair:
    """Asks `bases`, in turn as an Ask's attempts go on."""

    def __init__(self, session: aiohttp.ClientSession, bases: Sequence[str]) -> None:
        self._session = session
        self._bases = bases
        self.asked = self.failed = 0

    def __repr__(self) -> str:
        return f"<Repair {self.asked} asked, {self.failed} failed>"

    async def fetch(self, ask: Ask) -> Pieces:
        """All of what is asked, a piece a range or more; empty where any of it is not to be had in time."""
        base = self._bases[ask.attempt % len(self._bases)]
        self.asked += 1
        ranges = [asyncio.ensure_future(self._range(base + ask.path, *each)) for each in ask.ranges]
        try:
            async with asyncio.timeout(ask.patience_ns / 1e9):
                return await asyncio.gather(*ranges)
        except Unmended as error:
            reason = str(error)
        except (OSError, aiohttp.ClientError) as error:  # TimeoutError is an OSError
            reason = str(error) or "no answer in time"
        finally:
            for each in ranges:
                each.cancel()
        self.failed += 1
        log.info("%s%s was not mended: %s", base, ask.path, reason)
        return []

    async def _range(self, url: str, first: int, end: int) -> tuple[int, bytes]:
        fields = {"Range": f"bytes={first}-{end - 1}"}
        async with self._session.get(URL(url, encoded=True), headers=fields, allow_redirects=False) as reply:
            if reply.headers.get("Content-Encoding", "identity") != "identity":
                raise Unmended("the answer is packed")
            if reply.status == 206:
                found = CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", ""))
                if found is None or (int(found[1]), int(found[2])) != (first, end - 1):
                    raise Unmended("the answer is another range")
                return first, await _exactly(reply, 0, end - first)
            if reply.status == 200:  # the resource from its beginning; it may be endless, or grow
                return first, await _exactly(reply, first, end - first)
            raise Unmended(f"it answered {reply.status}")


async def _exactly(reply: aiohttp.ClientResponse, skip: int, size: int) -> bytes:
    """`size` bytes of a body, after `skip` of them. Raises Unmended where it is shorter."""
    kept = bytearray()
    async for piece in reply.content.iter_chunked(PIECE_BYTES):
        used = min(skip, len(piece))
        skip -= used
        kept += memoryview(piece)[used : used + size - len(kept)]
        if len(kept) == size:
            return bytes(kept)
    raise Unmended(f"the answer is {size - len(kept)} bytes short")
