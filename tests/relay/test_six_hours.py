"""Six hours of an event in seconds of simulated time: origin and worker need no more at the end than after one hour.

The Publisher, the catalog, the library, the hub and a worker are those of every event; only media is small, and a part
is as long as its segment, which is long.
"""

import asyncio
import gc
import os
from collections.abc import Mapping, Sequence
from fractions import Fraction

import uvloop
from edge_house import NOW_NS, House, house
from shelf_of_segments import SOUND, START, VIDEO, bytes_of, grid, segment

from ringside.cli.children.keeping import Keeping
from ringside.core.catalog import Index, Roll
from ringside.core.media import NS_PER_S, Chunk, Timeline, Track, View
from ringside.flow.mux.hls import MediaPlaylist
from ringside.flow.origin import Config, Publisher
from ringside.flow.origin.archive.holdings import Holdings
from ringside.flow.origin.archive.spool import About

SEGMENT_S = 10
TIMELINE = Timeline(Fraction(SEGMENT_S), Fraction(SEGMENT_S))
HOUR = 3600 // SEGMENT_S
FIRST = NOW_NS // (SEGMENT_S * NS_PER_S)
TRACKS = (VIDEO, SOUND)
MEMORY_S = 60.0
DVR_S = 3 * 3600.0


class Short:
    """Manifests of a line: what they say is others' affair."""

    def media(self, view: View, siblings: Sequence[View]) -> tuple[bytes, bytes]:
        return f"#EXTM3U {len(view.segments)}".encode(), b""

    def multivariant(self, tracks: Sequence[Track]) -> bytes:
        return b"#EXTM3U"

    def mpd(self, views: Sequence[View], now_ns: int) -> bytes:
        return b"<MPD/>"


class Kept:
    """The catalog of what the Publisher has finished, and media made anew when it is read."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings

    @property
    def index(self) -> Index:
        return self.holdings.index(0, {})

    def tracks(self) -> Mapping[str, Track]:
        return {name: self.versions(name)[-1] for name in self.holdings.rolls}

    def versions(self, track: str) -> Sequence[Track]:
        return self.holdings.versions(track)

    def roll(self, track: str) -> Roll:
        return self.holdings.rolls[track]

    async def read(self, track: str, number: int) -> bytes:
        return bytes_of(self.tracks()[track], number)


class Night:
    """An event whose segments come as fast as they are taken."""

    def __init__(self, h: House) -> None:
        self.house = h
        self.publisher = Publisher(Config(dvr_s=MEMORY_S), "main", TIMELINE, Short())
        self.holdings = Holdings(About("main", "20260921T141320.000Z", "", TIMELINE))
        self.keeping = Keeping(Kept(self.holdings), h.hub, h.clock, DVR_S)
        h.hub._on_wanted = self.keeping.wanted
        self.number = FIRST
        for track in TRACKS:
            h.hub.publish(self.publisher.open(track, grid(track), h.clock.now_ns()))

    def segment(self) -> None:
        """The next of both tracks."""
        hub, clock = self.house.hub, self.house.clock
        for track in TRACKS:
            lattice = grid(track)
            first, after = (TIMELINE.first_frame(lattice, n) for n in (self.number, self.number + 1))
            start, ticks = first * lattice.frame_ticks, (after - first) * lattice.frame_ticks
            data = bytes_of(track, self.number)
            chunk = Chunk(track.name, self.number, 0, start, ticks, True, True, data)
            hub.publish(self.publisher.add(chunk, 1, clock.now_ns()))
        hub.publish(self.publisher.tick(clock.now_ns()))
        for _ in self.holdings.take(self.publisher):
            pass
        self.keeping.renew()
        clock.advance_ns(SEGMENT_S * NS_PER_S)
        self.number += 1

    async def play(self, segments: int) -> None:
        for i in range(segments):
            self.segment()
            if i % 60 == 59:
                await self.house.publish()
        await self.house.publish()

    def needs(self) -> dict[str, int]:
        """What is held of everything that could grow."""
        gc.collect()
        store = self.house.edge.store
        return {
            "objects": len(gc.get_objects()),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "paths": self.house.hub.shelf.paths,
            "blobs": self.house.hub.shelf.blobs,
            "bytes": self.house.hub.shelf.bytes,
            "worker": sum(store.sizes.values()),
            "tallies": len(store.census._tallies),
        }


def test_an_event_of_six_hours_needs_no_more_than_one_of_an_hour_and_all_of_its_dvr_is_there() -> None:
    async def scene() -> None:
        async with house() as h:
            night = Night(h)
            await night.play(HOUR)
            h.edge.store.census.fold(h.edge.store.find)
            after_one = night.needs()
            await night.play(5 * HOUR)
            h.edge.store.census.fold(h.edge.store.find)
            after_six = night.needs()
            for name, before in after_one.items():
                assert after_six[name] <= before * 1.02 + 20, (name, before, after_six[name])
            assert after_six["bytes"] < 200_000  # a minute and a half of media, not hours
            await watched(h, night)

    uvloop.run(asyncio.wait_for(scene(), 240))  # seconds, where nobody else is at it


async def watched(h: House, night: Night) -> None:
    """The DVR lists three hours of six, and its oldest segment comes."""
    viewer = await h.viewer()
    playlist = MediaPlaylist.parse((await viewer.get("/live/main/v720/dvr.m3u8"))[2].decode())
    assert len(playlist.segments) == DVR_S / SEGMENT_S
    oldest = playlist.media_sequence
    assert oldest == night.number - DVR_S / SEGMENT_S
    assert (await viewer.get(f"/live/main/v720/{oldest}.m4s"))[2] == bytes_of(VIDEO, oldest)
    assert (await viewer.get(f"/live/main/v720/{oldest - 1}.m4s"))[0] == 404


def test_the_catalog_of_a_day_is_a_few_megabytes() -> None:
    gc.collect()
    before, roll = resident_bytes(), Roll()
    for number in range(START, START + 43_200):
        roll.add(segment(VIDEO, number))
    gc.collect()
    assert len(roll) == 43_200
    assert resident_bytes() - before < 6 << 20


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
