"""A client of HTTP/3 (RFC 9114) on aioquic: one connection, requests one beside another, bodies piece by piece."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent


class Reply:
    """What comes in answer to one request."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.events: asyncio.Queue[HeadersReceived | DataReceived] = asyncio.Queue()

    @property
    def status(self) -> int:
        return int(self.fields[":status"])

    async def head(self) -> "Reply":
        """The status and the fields are here."""
        event = await asyncio.wait_for(self.events.get(), 30)
        assert isinstance(event, HeadersReceived)
        self.fields = {name.decode(): value.decode() for name, value in event.headers}
        self.ended = event.stream_ended
        return self

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, as it comes."""
        while not self.ended:
            event = await asyncio.wait_for(self.events.get(), 30)
            if isinstance(event, DataReceived) and event.data:
                yield event.data
            self.ended = event.stream_ended

    async def body(self) -> bytes:
        """All of the body."""
        return b"".join([piece async for piece in self.pieces()])


class Client(QuicConnectionProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._http = H3Connection(self._quic)
        self._replies: dict[int, Reply] = {}
        self.authority = ""

    def quic_event_received(self, event: QuicEvent) -> None:
        for found in self._http.handle_event(event):
            if isinstance(found, HeadersReceived | DataReceived):
                self._replies[found.stream_id].events.put_nowait(found)

    async def get(self, path: str, **fields: str) -> Reply:
        """Ask for `path`; the reply once its head is here."""
        stream = self._quic.get_next_available_stream_id()
        reply = self._replies[stream] = Reply()
        names = {":method": "GET", ":scheme": "https", ":authority": self.authority, ":path": path, **fields}
        self._http.send_headers(stream, [(n.encode(), v.encode()) for n, v in names.items()], end_stream=True)
        self.transmit()
        return await reply.head()


@contextlib.asynccontextmanager
async def h3(port: int, trusted: Path) -> AsyncIterator[Client]:
    """A connection to localhost; `trusted`: the certificate that vouches for it."""
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, cafile=str(trusted), server_name="localhost"
    )
    async with connect("127.0.0.1", port, configuration=configuration, create_protocol=Client) as client:
        assert isinstance(client, Client)
        client.authority = f"localhost:{port}"
        yield client
