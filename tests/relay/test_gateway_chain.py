"""An origin, who sends its turns to a group, and a gateway, in one process and over real sockets of this machine."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge_house import MP4, until
from feed_house import Origin

from ringside.core.clock import Wall
from ringside.core.feed import Appended, Cache, Closed, Document, Message, Opened, Playlist, Ranged, Removed
from ringside.core.mabr import Keys, new_keys, to_xml
from ringside.flow.relay import fill, gateway
from ringside.flow.relay.edge import Config as EdgeConfig
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.feed import asks_for_feed
from ringside.flow.relay.fill.aio import Filler
from ringside.flow.relay.gateway.aio import Station, beside
from ringside.flow.relay.sender.aio import Sender
from ringside.flow.relay.sender.config import Config as Sending
from ringside.flow.relay.sender.session import Session

LOOPBACK = "127.0.0.1"
LANE = "/live/main/v720"
MPD = b'<MPD><Representation id="v720" bandwidth="3000000"/></MPD>'
MPEGURL = "application/vnd.apple.mpegurl"


class Event:
    """An origin whose workers serve what its hub tells, and a track of it that goes on."""

    def __init__(self, origin: Origin, edge: Edge) -> None:
        self.origin, self.edge = origin, edge
        self.number, self.part, self.size = 0, 0, 0
        self.parts: dict[str, bytes] = {}
        self.begin()

    def begin(self) -> None:
        """What an origin tells first."""
        init = Document(f"{LANE}/init.mp4", b"\0init", MP4, Cache.IMMUTABLE)
        mpd = Document("/live/main/index.mpd", MPD, "application/dash+xml", Cache.SHORT)
        self.origin.hub._on_handover = self.adopt
        self.origin.hub.publish([init, mpd])
        self.is_on = True

    def adopt(self, connection: socket.socket, data: bytes) -> None:
        assert asks_for_feed(data)
        self.origin.hub.adopt(connection, data)

    async def restart(self) -> None:
        """Another process at the same address, which knows nothing of what was, and goes on with a new segment."""
        self.is_on = False
        await self.origin.restart()
        self.number, self.part, self.size = self.number + 1, 0, 0
        self.begin()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.edge.port}"

    def go_on(self) -> None:
        """A part more: of 20 kB, ten of them to a segment."""
        path, blob = f"{LANE}/{self.number}.m4s", self.number
        data = os.urandom(random.randrange(2_000, 40_000))
        told: list[Message] = [] if self.part else [Opened(path, blob, MP4)]
        if not self.part and self.number > 5:
            told += [Removed(f"{LANE}/{self.number - 6}{part}.m4s") for part in ("", *(f".{n}" for n in range(10)))]
        name = f"{LANE}/{self.number}.{self.part}.m4s"
        told += [Appended(blob, self.size + len(data), data), Ranged(name, blob, self.size, len(data), MP4)]
        self.parts[name] = data
        self.size, self.part = self.size + len(data), self.part + 1
        if self.part == 10:
            told.append(Closed(blob))
        body = b"#EXTM3U\n" + b"".join(b"%s\n" % each.encode() for each in list(self.parts)[-50:])
        following = (self.number, self.part) if self.part < 10 else (self.number + 1, 0)
        told.append(Playlist(f"{LANE}/index.m3u8", body, b"", self.number, self.part - 1, following, 2, 0.2))
        if self.part == 10:
            self.number, self.part, self.size = self.number + 1, 0, 0
        self.origin.hub.publish(told)

    async def be_live(self) -> None:
        while True:
            if self.is_on:
                self.go_on()
            await asyncio.sleep(0.03)


@asynccontextmanager
async def event() -> AsyncIterator[Event]:
    with TemporaryDirectory() as folder:
        clock = Wall()
        origin = Origin(Path(folder), clock)
        await origin.start()
        edge = Edge(EdgeConfig(host=LOOPBACK, port=0), [], clock, "origin")
        await edge.start()
        feed = Feed(edge, Path(folder) / "origin")
        feed.start()

        there = Event(origin, edge)
        live = asyncio.ensure_future(there.be_live())
        try:
            yield there
        finally:
            live.cancel()
            await edge.stop(0.1)
            feed.stop()
            await origin.stop()


@dataclass
class Group:
    """Who sends, and what becomes of what is sent."""

    address: str
    port: int
    keys: Keys = field(default_factory=lambda: new_keys(os.urandom))
    described: list[Session] = field(default_factory=list)
    loses: Callable[[], bool] = lambda: False
    sender: Sender | None = None

    @property
    def document(self) -> str:
        return to_xml(self.described[-1].description(Wall().now_ns())).decode()

    @asynccontextmanager
    async def flowing(self, origin: str, **values: Any) -> AsyncIterator[Sender]:
        words = {"origin": origin, "group": self.address, "port": self.port, "interface": LOOPBACK, "ttl": 0, **values}
        sender = Sender(Sending(**words), self.keys, Wall(), random.random, self.described.append)
        send = sender._outlet.send
        sender._outlet.send = lambda data: True if self.loses() else send(data)  # type: ignore[method-assign]
        task = asyncio.ensure_future(sender.run())
        try:
            await until(lambda: self.described)
            yield sender
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def group() -> Group:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        return Group(f"239.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{os.urandom(1)[0]}", probe.getsockname()[1])


@dataclass
class Gate:
    """A gateway's filler."""

    filler: Filler
    station: Station

    def told(self) -> dict[str, Any]:
        return self.station.describe()

    @property
    def state(self) -> str:
        return str(self.told()["state"])

    def has(self, there: Event) -> bool:
        """Whether the gateway holds all that the origin does."""
        told = [sorted(repr(each.message) for each in hub.shelf.told()) for hub in (there.origin.hub, self.filler.hub)]
        return told[0] == told[1]


@asynccontextmanager
async def gate(origin: str, document: str, **values: Any) -> AsyncIterator[Gate]:
    with TemporaryDirectory() as folder:
        config = gateway.Config(document=document, **{"interface": LOOPBACK, **values})
        make = beside(config, origin)
        end = asyncio.Event()
        filler = Filler(
            fill.Config(origin=origin), Path(folder) / "feed", Wall(), lambda _: None, lambda _: None, beside=make
        )

        async def ends() -> None:
            await end.wait()

        task = asyncio.ensure_future(filler.serve(ends))
        assert isinstance(filler.beside, Station)
        try:
            yield Gate(filler, filler.beside)
        finally:
            end.set()
            await task


def run(scene: Any) -> None:
    asyncio.run(asyncio.wait_for(scene(), 40))


def test_a_gateway_moves_over_to_the_group_and_has_what_the_origin_has() -> None:
    async def scene() -> None:
        where = group()
        async with event() as there, where.flowing(there.url), gate(there.url, where.document) as here:
            await until(lambda: here.state == "group", 10)
            await until(lambda: not here.filler.push._line)
            received = here.filler.push.received_bytes
            parts = len(there.parts)
            await until(lambda: len(there.parts) > parts + 40, 10)
            await until(lambda: here.has(there))
            assert here.filler.push.received_bytes == received
            assert here.told()["switches"] == 1
            assert there.origin.hub.describe()["feeds"] == 1  # of the sender

    run(scene)


def test_what_one_packet_in_twenty_took_with_it_is_mended() -> None:
    async def scene() -> None:
        where, dice = group(), random.Random(7)
        async with event() as there, where.flowing(there.url), gate(there.url, where.document) as here:
            where.loses = lambda: dice.random() < 0.05
            await until(lambda: here.state == "group", 20)
            parts = len(there.parts)
            await until(lambda: len(there.parts) > parts + 100, 10)
            await until(lambda: here.has(there))
            told = here.told()
            track = told["tracks"]["v720"]
            assert (told["state"], told["switches"], track["missing"]) == ("group", 1, 0)
            assert track["lost"] > 20
            assert track["mended_by_fec"] > 5

    run(scene)


def test_a_group_that_is_cut_is_left_and_joined_again() -> None:
    async def scene() -> None:
        where = group()
        async with event() as there, where.flowing(there.url), gate(there.url, where.document) as here:
            await until(lambda: here.state == "group", 10)
            where.loses = lambda: True
            await until(lambda: here.state == "unicast", 10)
            assert here.filler.push.resumed == 1
            await until(lambda: here.has(there))
            where.loses = lambda: False
            await until(lambda: here.state == "group", 20)
            await until(lambda: here.has(there))

    run(scene)


def test_an_origin_that_begins_anew_is_taken_whole_and_the_group_again_after_it() -> None:
    async def scene() -> None:
        where = group()
        async with event() as there, where.flowing(there.url), gate(there.url, where.document) as here:
            await until(lambda: here.state == "group", 10)
            before = here.station.gateway.at
            await there.restart()
            await until(lambda: (at := here.station.gateway.at) and before and at.epoch > before.epoch, 10)
            await until(lambda: here.state == "group", 20)
            await until(lambda: here.has(there))

    run(scene)


def test_who_sends_may_be_another_process_with_the_same_keys() -> None:
    async def scene() -> None:
        where = group()
        async with event() as there:
            async with where.flowing(there.url):
                pass
            async with gate(there.url, where.document) as here:
                for _ in range(2):
                    async with where.flowing(there.url):
                        await until(lambda: here.state == "group", 20)
                        await until(lambda: here.has(there))
                    await until(lambda: here.state == "unicast", 10)
                assert here.told()["switches"] == 4

    run(scene)


def test_where_the_group_cannot_be_joined_an_edge_is_an_edge_and_says_why() -> None:
    async def scene() -> None:
        where = group()
        async with event() as there, where.flowing(there.url):
            async with gate(there.url, where.document, interface="203.0.113.77") as here:
                await until(lambda: here.state == "unicast", 10)
                await until(lambda: here.has(there))
                assert "cannot be joined: no network card of this machine" in here.told()["why"]

    run(scene)
