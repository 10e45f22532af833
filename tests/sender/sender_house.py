"""An origin's hub behind a port, a sender that reads it, and a receiver of the core's parts on a loopback group."""

import asyncio
import contextlib
import itertools
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ringside.core.alc import MOST_BYTES, Gather, Mac, Packet, Rules, inflated, read, read_fdt
from ringside.core.clock import Wall
from ringside.core.feed import (
    Appended,
    Cache,
    Closed,
    Document,
    Expected,
    Message,
    Opened,
    Playlist,
    Ranged,
)
from ringside.core.feed.news import Checkpoint, MediaRef, News, Reader, TurnOf, UnknownCheckpoint
from ringside.core.mabr import Keys, Verifier
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.sender.aio import Sender
from ringside.flow.relay.sender.config import Config
from ringside.flow.relay.sender.session import Session

KEYS = Keys(b"g" * 32, b"p" * 32)
MP4 = "video/mp4"
JOIN = struct.Struct("4s4s")
IP_MULTICAST_ALL = 49
ports = itertools.count(21_300)


def mpd(**rates: int) -> Document:
    """The event's MPD, as far as a sender looks."""
    tracks = "".join(f'<Representation id="{name}" bandwidth="{most}" codecs="x"></Representation>'
                     for name, most in rates.items())  # fmt: skip
    return Document("/live/main/index.mpd", f"<MPD>{tracks}</MPD>".encode(), "application/dash+xml", Cache.SHORT)


def header(track: str) -> Document:
    """A track's init segment."""
    return Document(f"/live/main/{track}/init.mp4", b"init of " + track.encode(), MP4, Cache.IMMUTABLE)


def begins(track: str, number: int, blob: int) -> list[Message]:
    """A segment begins."""
    return [Opened(f"/live/main/{track}/{number}.m4s", blob, MP4), Expected(f"/live/main/{track}/{number}.0.m4s")]


def part(track: str, number: int, index: int, blob: int, offset: int, data: bytes) -> list[Message]:
    """A part of a segment, and the playlist that lists it."""
    size = offset + len(data)
    body = b"#EXTM3U\n" + b"".join(b"#EXT-X-PART:%d.%d\n" % (number, i) for i in range(index + 1))
    return [
        Appended(blob, size, data),
        Ranged(f"/live/main/{track}/{number}.{index}.m4s", blob, offset, len(data), MP4),
        Playlist(f"/live/main/{track}/index.m3u8", body, b"", number, index, (number, index + 1), 2, 0.2),
    ]


def ends(blob: int) -> list[Message]:
    return [Closed(blob)]


class Origin:
    """A hub whose feed can be asked for at `url`; `requests` are what was asked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "feed"
        self._tasks: set[asyncio.Future[None]] = set()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.refuses = b""
        self.hub = self._hub()

    def _hub(self) -> Hub:
        return Hub(self._path, Wall(), lambda *_: None, lambda _: None)

    async def start(self) -> None:
        await self.hub.start()
        self._tasks.add(asyncio.ensure_future(self._accept()))

    async def again(self) -> None:
        """Another hub, which knows nothing of what was."""
        self.hub.close()
        self.cut()
        self.hub = self._hub()
        await self.hub.start()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()
        self.hub.close()

    def cut(self) -> None:
        """Break all connections."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._listener)
            data = await loop.sock_recv(connection, 65536)
            self.requests.append(data.partition(b"\r\n")[0])
            if self.refuses:
                connection.send(self.refuses)
                connection.close()
            else:
                self._connections.append(connection.dup())
                self.hub.adopt(connection, data)


@dataclass
class Receiver:
    """Hears one group; `turns` by number as their news say, `media` by (TSI, TOI), `objects` whole or not."""

    group: str
    port: int
    source: str | None = None
    drops: Callable[[Packet], bool] = lambda _: False
    packets: list[tuple[Packet, int]] = field(default_factory=list)  # with the size of the datagram
    news: list[News] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    turns: dict[int, TurnOf] = field(default_factory=dict)
    media: dict[tuple[int, int], bytes] = field(default_factory=dict)
    gathers: dict[tuple[int, int], Gather] = field(default_factory=dict)
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    senders: Counter[str] = field(default_factory=Counter)
    unknown: int = 0

    def __post_init__(self) -> None:
        self._rules = Rules(frozenset(), None, MOST_BYTES, Mac(KEYS.group))
        self._reader = Reader(Verifier(KEYS.public).good)
        self._socket = sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
        sock.bind((self.group, self.port))
        request = JOIN.pack(socket.inet_aton(self.group), socket.inet_aton("127.0.0.1"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        asyncio.get_running_loop().add_reader(sock.fileno(), self._drain)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    @property
    def blobs(self) -> dict[int, bytes]:
        """What each blob has become by the turns, in their order; media that was not sent is `?`."""
        found: dict[int, bytes] = {}
        for number in sorted(self.turns):
            for message in self.turns[number].messages:
                if isinstance(message, MediaRef):
                    data = self.media.get((message.tsi, message.toi), b"?" * message.n)
                    found[message.blob] = found.get(message.blob, b"") + data
                    assert len(found[message.blob]) == message.size
        return found

    def file(self, location: str) -> bytes | None:
        """A file as a table names it."""
        gather = self.gathers.get(self.files.get(location, (0, 0)))
        return None if gather is None else gather.data

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, (sender, _) = self._socket.recvfrom(2048)
                packet = read(data, self._rules)
                if not self.drops(packet):
                    self.senders[sender] += 1
                    self.packets.append((packet, len(data)))
                    self._take(packet)

    def _take(self, packet: Packet) -> None:
        assert packet.info is not None
        key = packet.tsi, packet.fdt << 32 if packet.fdt is not None else packet.toi
        gather = self.gathers.get(key)
        if gather is None:
            gather = self.gathers[key] = Gather(packet.info)
        whole = gather.put(packet.sbn, packet.esi, bytes(packet.symbol))
        if whole is None:
            return
        if packet.fdt is not None:
            assert packet.coding == 1
            self.files |= {file.location: (packet.tsi, file.toi) for file in read_fdt(inflated(whole, 15, 65536))}
        elif packet.tsi != 1:
            self.media[key] = whole
        elif packet.toi < 2**31:
            self._read(whole)

    def _read(self, data: bytes) -> None:
        try:
            said = self._reader.take(data)
        except UnknownCheckpoint:
            self.unknown += 1
            return
        if isinstance(said, Checkpoint):
            self.checkpoints.append(said)
        else:
            self.news.append(said)
            self.turns |= {turn.number: turn for turn in said.turns}


@dataclass
class House:
    origin: Origin
    receiver: Receiver
    sender: Sender
    task: "asyncio.Task[None]"
    described: list[Session]


@asynccontextmanager
async def house(group: str = "239.77.1.1", described: bool = True, **values: Any) -> AsyncIterator[House]:
    """All three, on loopback; the event has tracks `a` and `v` unless `described` is False."""
    with TemporaryDirectory() as folder:
        origin = Origin(Path(folder))
        await origin.start()
        config = sender_config(origin.url, group, **values)
        receiver = Receiver(config.group, config.port)
        sessions: list[Session] = []
        sender = Sender(config, KEYS, Wall(), lambda: 0.0, sessions.append)
        if described:
            origin.hub.publish([header("a"), header("v"), mpd(a=100_000, v=2_000_000)])
        task = asyncio.ensure_future(sender.run())
        try:
            if described:
                await until(lambda: sessions)
            yield House(origin, receiver, sender, task, sessions)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            receiver.close()
            await origin.stop()


def sender_config(origin: str, group: str = "239.77.1.1", **values: Any) -> Config:
    """On loopback, on a port of its own."""
    return Config(**{"origin": origin, "group": group, "port": next(ports), "interface": "lo", "ttl": 0, **values})


async def until(condition: Callable[[], Any], limit_s: float = 10) -> None:
    """Wait for it."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - there is nothing to be told by
            await asyncio.sleep(0.005)
