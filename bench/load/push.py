"""A push source: `python -m bench.load.push EVENT_URL PORT`, so that push viewers have something to watch.

It takes each part of a running LL-HLS event once, by held requests, and writes it as one HTTP chunk to everybody who
has asked for `/live/EVENT/TRACK/stream`: first the header, then from the newest independent part on, for as long as the
viewer stays. A reader with more than BEHIND_BYTES in its buffer is dropped. One process, uvloop.
"""

import asyncio
import re
import sys
from typing import Any
from urllib.parse import urljoin

import aiohttp
import uvloop

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n"
    b"Cache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n\r\n"
)
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
HINT = re.compile(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="((\d+)\.(\d+)\.m4s)"')
INDEPENDENT = re.compile(r'#EXT-X-PART:[^\n]*URI="([^"]+)"[^\n]*INDEPENDENT=YES')
BEHIND_BYTES = 4 << 20


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Track:
    """One track as it is pushed: its header, what has come since the newest independent part, and who listens."""

    def __init__(self) -> None:
        self.header = b""
        self.since: list[bytes] = []
        self.listeners: dict[asyncio.Transport, None] = {}
        self.dropped = 0
        self.begun = asyncio.Event()

    def grow(self, part: bytes, independent: bool) -> None:
        """A part has come: everybody gets it now."""
        piece = chunk(part)
        if independent:
            self.since.clear()
        if independent or self.since:
            self.since.append(piece)
        self.begun.set()
        for listener in list(self.listeners):
            if listener.get_write_buffer_size() > BEHIND_BYTES:
                self.dropped += 1
                listener.abort()
            else:
                listener.write(piece)


class Listener(asyncio.Protocol):
    """One connection, which asks once."""

    def __init__(self, tracks: dict[str, Track]) -> None:
        self._tracks = tracks
        self._asked = b""
        self._track: Track | None = None

    def connection_made(self, transport: Any) -> None:
        """Somebody is there."""
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        """The request; what follows it is ignored."""
        self._asked += data
        if self._track is not None or b"\r\n\r\n" not in self._asked:
            return
        path = self._asked.split(b" ", 2)[1].split(b"?")[0].decode()
        self._track = self._tracks.get(path)
        if self._track is None:
            self._transport.write(MISSING)
            self._transport.close()
            return
        self._transport.write(HEAD + chunk(self._track.header) + b"".join(self._track.since))
        self._track.listeners[self._transport] = None

    def connection_lost(self, error: Exception | None) -> None:
        """The viewer has left."""
        if self._track is not None:
            self._track.listeners.pop(self._transport, None)


async def follow(session: aiohttp.ClientSession, url: str, track: Track) -> None:
    """Take every part of the media playlist at `url` as it is made."""
    text = await fetch_text(session, url)
    track.header = await fetch(session, urljoin(url, re.findall(r'#EXT-X-MAP:URI="([^"]+)"', text)[-1]))
    while True:
        hint = HINT.search(text)
        if hint is None:
            return
        try:
            part = await fetch(session, urljoin(url, hint[1]))
            text = await fetch_text(session, f"{url}?_HLS_msn={hint[2]}&_HLS_part={hint[3]}")
        except aiohttp.ClientError:  # so far behind that it is gone: go on at the live edge
            track.since.clear()
            text = await fetch_text(session, url)
            continue
        track.grow(part, hint[1] in INDEPENDENT.findall(text))


async def fetch(session: aiohttp.ClientSession, url: str) -> bytes:
    """The body at `url`."""
    async with session.get(url) as response:
        response.raise_for_status()
        return await response.read()


async def fetch_text(session: aiohttp.ClientSession, url: str) -> str:
    """The same, as text."""
    return (await fetch(session, url)).decode()


async def serve(event_url: str, port: int) -> None:
    """Push all tracks of the event until interrupted."""
    async with aiohttp.ClientSession() as session:
        master_url = f"{event_url}/live/main/index.m3u8"
        master = await fetch_text(session, master_url)
        uris = set(re.findall(r'URI="([^"]+)"', master)) | set(re.findall(r"^[^#\n].*$", master, re.M))
        tracks: dict[str, Track] = {}
        following = []
        for url in (urljoin(master_url, uri) for uri in sorted(uris)):
            track = tracks["/" + url.split("/", 3)[3].rsplit("/", 1)[0] + "/stream"] = Track()
            following.append(asyncio.create_task(follow(session, url, track)))
        loop = asyncio.get_running_loop()
        await loop.create_server(lambda: Listener(tracks), "127.0.0.1", port, backlog=4096)
        for track in tracks.values():
            await track.begun.wait()
        print("pushing", *tracks, flush=True)
        await asyncio.gather(*following)


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
