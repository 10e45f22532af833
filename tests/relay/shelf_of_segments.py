"""A recording in memory: segments of made-up bytes, for tests of what is offered and how it is brought."""

import asyncio
from dataclasses import replace
from fractions import Fraction

from ringside.core.catalog import Index, Roll
from ringside.core.errors import RingsideError
from ringside.core.media import Grid, Segment, Timeline, Track

TIMELINE = Timeline()
START = 895_000_000
VIDEO = Track("v720", "video", "avc1.64001F", 30_000, b"video header", 3_000_000, 2_800_000, 1280, 720, Fraction(30))
SOUND = Track("a", "audio", "mp4a.40.2", 48_000, b"sound header", 140_000, 128_000, sample_rate=48_000, channels=2)


def grid(track: Track) -> Grid:
    return Grid.video(track.fps) if track.kind == "video" else Grid.audio()


def segment(track: Track, number: int, size: int = 1000, gap: bool = False) -> Segment:
    """Segment `number`, finished."""
    lattice = grid(track)
    first, after = (TIMELINE.first_frame(lattice, n) for n in (number, number + 1))
    ticks = lattice.frame_ticks
    return Segment(
        number, first * ticks, (after - first) * ticks, (), True, track.init_name, 0 if gap else size, gap=gap
    )


def bytes_of(track: Track, number: int, size: int = 1000) -> bytes:
    """What is in it."""
    return f"{track.name} {number} ".encode().ljust(size, b"x")


class Shelf:
    """Two tracks, of which segments are put by hand. `broken`: reading fails; `gate`: reading waits for it."""

    def __init__(self, count: int = 0, event: str = "main", size: int = 1000) -> None:
        self._tracks = {track.name: track for track in (VIDEO, SOUND)}
        self._rolls = {name: Roll() for name in self._tracks}
        self.index = Index(event, "20260921T141320.000Z", "The final", TIMELINE, 2, START * 2 * 10**9, 0)
        self.size = size
        self.reads: list[tuple[str, int]] = []
        self.broken = ""
        self.gate = asyncio.Event()
        self.gate.set()
        self.grow(count)

    def grow(self, count: int, *gaps: int) -> None:
        """`count` more segments, of which those at these places among them are missing."""
        for i in range(count):
            for name, track in self._tracks.items():
                roll = self._rolls[name]
                number = roll.after if len(roll) else START
                roll.add(segment(track, number, self.size, gap=i in gaps))

    def end(self, ended_ns: int = 1) -> None:
        """The event has ended; 0: it goes on after all."""
        self.index = replace(self.index, ended_ns=ended_ns)

    def tracks(self) -> dict[str, Track]:
        return self._tracks

    def versions(self, track: str) -> list[Track]:
        return [self._tracks[track]]

    def roll(self, track: str) -> Roll:
        return self._rolls[track]

    async def read(self, track: str, number: int) -> bytes:
        self.reads.append((track, number))
        await self.gate.wait()
        if self.broken:
            raise RingsideError(self.broken)
        return bytes_of(self._tracks[track], number, self.size)
