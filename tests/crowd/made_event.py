"""An event of our own mux, made in memory: tracks, chunks with their times of birth, segments, MPDs, push streams.

Pictures and sound are filler of the right size; boxes, times and names are those of a real event. Time 0 of a test is
START_S of Unix time; a chunk is born when its last frame has been captured, plus `encode_s`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache

from transfer import Answer, Server

from ringside.core.media import Chunk, Frame, Grid, Part, Segment, Timeline, Track, View
from ringside.flow.mux import Segmenter, audio_track, video_track
from ringside.flow.mux.dash import Config, mpd
from ringside.flow.mux.fragment import mark_last

START_S = 1_795_000_000
BASE = "http://test/live/main/"
MPD = BASE + "index.mpd"
FPS = Fraction(30)
SPS_PPS = bytes.fromhex("000000016742c014da05067e7840000003004000000f23c50aa80000000168ce3c80")
BORN = tuple[float, Chunk]


def video(name: str = "v180", bps: int = 400_000) -> Track:
    return video_track(name, SPS_PPS, Grid.video(FPS), 320, 180, FPS, bps, bps * 5 // 4)


def audio(name: str = "a") -> Track:
    return audio_track(name, b"\x11\x90", Grid.audio(), 2, 64_000, 80_000)


@cache
def chunks(name: str, bps: int, from_s: int, to_s: int, encode_s: float, timeline: Timeline) -> tuple[BORN, ...]:
    """A track's chunks with their times of birth, in test time; `bps` 0 is sound."""
    track = video(name, bps) if bps else audio(name)
    grid = Grid.video(FPS) if bps else Grid.audio()
    segmenter = Segmenter(track, grid, timeline)
    size = bps // 8 // 30 if bps else 64_000 // 8 * 1024 // 48_000
    first = timeline.first_frame(grid, (START_S + from_s) // int(timeline.segment_s))
    found = []
    for index in range(first, grid.index_at((START_S + to_s) * 10**9)):
        key = timeline.place(grid, index).first_in_segment if bps else True
        data = (b"\0\0\0\1" + (b"\x65" if key else b"\x41") if bps else b"") + bytes([1]) * size
        for chunk in segmenter.push(Frame(name, index, key, data)):
            end_s = Fraction(chunk.start_ticks + chunk.duration_ticks, grid.timescale) - START_S
            found.append((float(end_s) + encode_s, chunk))
    born_s, last = found[-1]
    return (*found[:-1], (born_s, replace(last, last=True, data=mark_last(last.data))))


@dataclass
class Event:
    """Made from `from_s` to `to_s`; `ladder` are the pictures' average rates, lowest first."""

    ladder: tuple[int, ...] = (400_000,)
    sound: bool = True
    from_s: int = -20
    to_s: int = 60
    encode_s: float = 0.05
    timeline: Timeline = field(default_factory=Timeline)
    low_latency: bool = True
    minimum_update_s: int = 2

    @property
    def tracks(self) -> list[Track]:
        return [video(f"v{bps // 1000}", bps) for bps in self.ladder] + ([audio()] if self.sound else [])

    def born(self, name: str) -> tuple[BORN, ...]:
        bps = int(name[1:]) * 1000 if name[0] == "v" else 0
        return chunks(name, bps, self.from_s, self.to_s, self.encode_s, self.timeline)

    def segments(self, name: str) -> dict[int, list[BORN]]:
        """By number: (born, chunk) in order."""
        found: dict[int, list[BORN]] = {}
        for born in self.born(name):
            found.setdefault(born[1].number, []).append(born)
        return found

    def view(self, track: Track, now_s: float) -> View:
        """The window at `now_s`; ended from the event's end on."""
        ended = now_s >= self.to_s + self.encode_s
        found = []
        for number, born in self.segments(track.name).items():
            here = [chunk for at_s, chunk in born if at_s <= now_s]
            parts = tuple(Part(c.part, c.start_ticks, c.duration_ticks, c.independent, 0, len(c.data)) for c in here)
            if parts:
                whole = len(here) == len(born) and (ended or here[-1].last)
                ticks = sum(part.duration_ticks for part in parts)
                found.append(Segment(number, parts[0].start_ticks, ticks, parts, whole, track.init_name))
        last = found[-1]
        part_s = float(self.timeline.part_s) if self.low_latency else 0.0
        following = (last.number + 1, 0) if last.complete else (last.number, len(last.parts))
        return View(track, tuple(found), following, self.timeline.target_s, part_s, ended=ended)

    def mpd(self, now_s: float) -> bytes:
        config = Config(segment_s=self.timeline.segment_s, minimum_update_s=Fraction(self.minimum_update_s))
        return mpd([self.view(track, now_s) for track in self.tracks], config, round((START_S + now_s) * 1e9))

    def serve(self, server: Server) -> Server:
        """Put it on a server that holds what is about to exist for up to 3 s, as an edge does."""
        server.on(BASE, lambda url, now_s: Answer(404))
        server.on(MPD, lambda url, now_s: Answer(200, ((now_s, self.mpd(now_s)),)))
        for track in self.tracks:
            server.on(
                f"{BASE}{track.name}/{track.init_name}", lambda url, now_s, t=track: Answer(200, ((0.0, t.init),))
            )
            for number, born in self.segments(track.name).items():
                url = f"{BASE}{track.name}/{number}.m4s"
                pieces = tuple((at_s, chunk.data) for at_s, chunk in born)
                if not self.low_latency:
                    pieces = ((pieces[-1][0], b"".join(data for _, data in pieces)),)
                server.on(url, lambda url, now_s, p=pieces: Answer(200, p) if p[0][0] < now_s + 3 else Answer(404))
            server.on(
                f"{BASE}{track.name}/stream",
                lambda url, now_s, name=track.name: Answer(200, tuple(self.push(name, now_s))),
            )
        server.on("http://test/clock", lambda url, now_s: Answer(200, ((0.0, b"2026-11-18T10:26:40Z"),)))
        return server

    def push(self, name: str, now_s: float) -> Iterator[tuple[float, bytes]]:
        """The pieces of a push response begun at `now_s`: the header, then from the newest independent chunk on."""
        (track,) = [track for track in self.tracks if track.name == name]
        born = self.born(name)
        there = [place for place, (at_s, chunk) in enumerate(born) if at_s <= now_s and chunk.independent]
        yield now_s, track.init
        for at_s, chunk in born[there[-1] :]:
            yield max(at_s, now_s), chunk.data
