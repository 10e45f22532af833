"""Rtmp: an RTMP or RTMPS server as a far end; the shell around a Publication.

The kernel is given a small buffer, so that a far end that takes nothing is noticed in seconds and not in megabytes.
TLS certificates are checked.
"""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from ringside.core.rtmp.errors import PeerError
from ringside.flow.relay.restream.outlet import Broken, Tag
from ringside.flow.relay.restream.publication import ENTROPY_BYTES, Publication
from ringside.flow.relay.restream.target import Target

DIAL_S = 5.0
ANSWER_S = 5.0
STALLED_S = 5.0
GOODBYE_S = 0.5
KERNEL_BYTES = 256 * 1024
WAITING_BYTES = 64 * 1024
READ_BYTES = 64 * 1024


class Rtmp:
    """One connection. `context` instead of the system's idea of which certificates are good."""

    def __init__(self, target: Target, context: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._context = context
        self._publication = Publication(target.app, target.key, target.url, os.urandom(ENTROPY_BYTES))
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    def __repr__(self) -> str:
        return f"<Rtmp {self._target.name} {self._publication!r}>"

    async def open(self) -> None:
        """Connect, and publish."""
        reader, writer = self._reader, self._writer = await self._dial()
        transport = writer.transport
        transport.set_write_buffer_limits(high=WAITING_BYTES)
        publication = self._publication
        try:
            async with asyncio.timeout(ANSWER_S):
                writer.write(publication.begin())
                while not publication.live:
                    await self._read(reader, writer)
        except TimeoutError:
            raise Broken(f"the far end did not {publication.phase.value} in {ANSWER_S:.0f} s") from None

    async def watch(self) -> None:
        """Read what the far end says, and answer it."""
        assert self._reader is not None
        assert self._writer is not None
        while True:
            await self._read(self._reader, self._writer)

    async def send(self, tags: Sequence[Tag]) -> int:
        """Each as a message."""
        assert self._writer is not None
        data = b"".join(self._publication.media(tag.kind, tag.time_ms, tag.body) for tag in tags)
        try:
            self._writer.write(data)
            async with asyncio.timeout(STALLED_S):
                await self._writer.drain()
        except TimeoutError:
            raise Broken(f"the far end has taken nothing for {STALLED_S:.0f} s") from None
        except OSError as error:
            raise Broken(_reason(error)) from None
        return len(data)

    def status(self) -> dict[str, Any]:
        """Nothing more is known than how it stands."""
        return {}

    async def close(self) -> None:
        """End the stream properly, if the far end still reads; then hang up."""
        writer = self._writer
        if writer is None:
            return
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                writer.write(self._publication.goodbye())
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        writer.transport.abort()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        target, secure = self._target, self._target.kind == "rtmps"
        try:
            async with asyncio.timeout(DIAL_S):
                reader, writer = await asyncio.open_connection(
                    target.host,
                    target.port,
                    limit=READ_BYTES,
                    ssl=(self._context or ssl.create_default_context()) if secure else None,
                )
        except TimeoutError:
            raise Broken(f"no connection in {DIAL_S:.0f} s") from None
        except ssl.SSLCertVerificationError as error:
            raise Broken(f"its certificate is not good: {error.verify_message}") from None
        except (OSError, UnicodeError) as error:
            raise Broken(_reason(error)) from None
        plain: socket.socket = writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        return reader, writer

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            data = await reader.read(READ_BYTES)
            if not data:
                raise Broken("the far end closed the connection")
            writer.write(self._publication.receive(data))
        except PeerError as error:
            raise Broken(str(error)) from None
        except OSError as error:
            raise Broken(_reason(error)) from None


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    return (getattr(error, "strerror", None) or str(error) or "the connection was lost").lower()
