"""Connect: one connection to an origin, and the next answer on it; whatever goes wrong is Broken, in a sentence."""

import asyncio
import socket

from ringside.flow.mux.ingest import Answer, Origin, parse_status_line

CONNECT_S = 3.0
ANSWER_S = 2.0
MAX_BODY_BYTES = 64 * 1024


class Broken(Exception):
    """The connection, or the origin behind it, is of no use just now."""


async def connect(origin: Origin) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection without Nagle's delay; Broken when there is none to be had."""
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(origin.host, origin.port)
    except (OSError, TimeoutError) as error:
        raise Broken(f"cannot reach the origin {origin}: {error or 'no answer'}") from None
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return reader, writer


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """The next final response, interim ones passed over; Broken when the connection ends without."""
    try:
        while True:
            status = parse_status_line(await reader.readline())
            length = 0
            while (line := await reader.readline()).strip():
                name, _, value = line.decode("latin-1").partition(":")
                if name.strip().lower() == "content-length":
                    length = int(value)
            if status >= 200:
                body = await reader.readexactly(min(length, MAX_BODY_BYTES))
                return Answer(status, body.decode("utf-8", "replace").partition("\n")[0].strip())
    except (OSError, ValueError, asyncio.IncompleteReadError):
        raise Broken("the connection ended without an answer") from None
