"""A live LL-HLS event without an encoder, for workers to carry: `python -m bench.edge.stream FEED_PATH TELL`.

TELL is JSON: {video_bps, audio_bps (0: no sound), part_s, history_s}. Pictures and sound are filler of the right size
at 30 frames a second; boxes, names, times and playlists are those of a real event, written by our own mux and origin.
A part is published ENCODE_S after its last frame would have been captured, and whatever it is late beyond that is
told at the end of the feed's life, and each second in `/status.json`, beside what the workers report.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import uvloop

from bench.edge.machine import LOAD_CORE, on_core
from bench.edge.peers import ended
from bench.harness import quantiles
from ringside.cli.children.render import Manifests
from ringside.core.clock import Wall
from ringside.core.feed import Cache, Document, Message
from ringside.core.media import Chunk, Frame, Grid, Timeline, Track
from ringside.flow.mux import Segmenter, audio_track, video_track
from ringside.flow.origin import Config, Publisher
from ringside.flow.relay.feed import Hub

ENCODE_S = 0.03
FPS = Fraction(30)
# SPS and PPS of a 320x180 picture at 30 frames a second, as x264 writes them.
PARAMETER_SETS = bytes.fromhex("000000016742c014da05067e7840000003004000000f23c50aa80000000168ce3c80")
AAC_LC_48K_STEREO = b"\x11\x90"
NAME = "main"
DVR_S = 30


class Line:
    """One track's chunks, each made when its time has come."""

    def __init__(self, track: Track, grid: Grid, timeline: Timeline, frame_bytes: int, from_ns: int) -> None:
        self.track, self.grid = track, grid
        self._timeline = timeline
        self._segmenter = Segmenter(track, grid, timeline)
        self._bytes = frame_bytes
        number = int(from_ns // (timeline.segment_s * 10**9))
        self._index = timeline.first_frame(grid, number)

    @property
    def due_ns(self) -> int:
        """When the next chunk is to be published (Unix time)."""
        index = self._index
        while not self._timeline.place(self.grid, index).last_in_part:
            index += 1
        return self.grid.start_ns(index + 1) + int(ENCODE_S * 1e9)

    def next(self) -> Chunk:
        """The next chunk."""
        while True:
            index, self._index = self._index, self._index + 1
            key = self.track.kind == "audio" or self._timeline.place(self.grid, index).first_in_segment
            data = b"\x01" * self._bytes
            if self.track.kind == "video":
                data = b"\0\0\0\1" + (b"\x65" if key else b"\x41") + data
            for chunk in self._segmenter.push(Frame(self.track.name, index, key, data)):
                return chunk


class Event:
    """All tracks, the origin's mind and the hub."""

    def __init__(self, feed: str, tell: dict[str, Any]) -> None:
        self.clock = Wall()
        self.timeline = Timeline(part_s=Fraction(str(tell["part_s"])))
        config = Config(ingest_token="secret-1", dvr_s=DVR_S, settle_s=0)
        self.publisher = Publisher(config, NAME, self.timeline, Manifests(self.timeline, NAME, 0))
        self.reports: dict[str, dict[str, Any]] = {}
        self.hub = Hub(feed, self.clock, lambda *_: None, self._take)
        self.late_ms: list[float] = []
        from_ns = self.clock.now_ns() - int(tell["history_s"] * 1e9)
        bps, audio_bps = tell["video_bps"], tell["audio_bps"]
        video = video_track("v", PARAMETER_SETS, Grid.video(FPS), 320, 180, FPS, bps, bps * 5 // 4)
        self.lines = [Line(video, Grid.video(FPS), self.timeline, bps // 8 // int(FPS), from_ns)]
        if audio_bps:
            audio = audio_track("a", AAC_LC_48K_STEREO, Grid.audio(), 2, audio_bps, audio_bps * 5 // 4)
            self.lines.append(Line(audio, Grid.audio(), self.timeline, audio_bps // 8 * 1024 // 48_000, from_ns))

    def _take(self, report: dict[str, Any]) -> None:
        self.reports[str(report.get("pid"))] = report

    def begin(self) -> list[Message]:
        """The tracks, announced and opened."""
        out = self.publisher.begin()
        now_ns = self.lines[0].due_ns
        for line in self.lines:
            self.publisher.announce(line.track.name, now_ns)
        for line in self.lines:
            out += self.publisher.open(line.track, line.grid, now_ns)
        return out

    async def run(self) -> None:
        """History at once, then live, until terminated."""
        await self.hub.start()
        self.hub.publish(self.begin())
        print("ready", flush=True)
        status_ns = 0
        while True:
            line = min(self.lines, key=lambda each: each.due_ns)
            due_ns, now_ns = line.due_ns, self.clock.now_ns()
            if due_ns > now_ns:
                await asyncio.sleep((due_ns - now_ns) / 1e9)
            elif len(self.reports) and now_ns - due_ns < 10**9:
                self.late_ms.append((now_ns - due_ns) / 1e6)
            self.hub.publish(self.publisher.add(line.next(), 1, max(due_ns, line.due_ns - 10**9)))
            if now_ns - status_ns > 10**9:
                status_ns = now_ns
                self.tell_status()

    def tell_status(self) -> None:
        """Put `/status.json` out."""
        status = {"workers": list(self.reports.values()), "source_late_ms": quantiles(self.late_ms[-1000:])}
        self.hub.publish([Document("/status.json", json.dumps(status).encode(), "application/json", Cache.NONE)])


@dataclass(frozen=True, slots=True)
class Stream:
    """A running source: the path of its feed, and of its multivariant playlist."""

    pid: int
    feed: Path
    path: str = f"/live/{NAME}/index.m3u8"


@contextlib.contextmanager
def stream(video_bps: int, audio_bps: int, part_s: float = 0.2, history_s: float = 20) -> Iterator[Stream]:
    """Run one on the load's core, ahead of the load."""
    tell = {"video_bps": video_bps, "audio_bps": audio_bps, "part_s": part_s, "history_s": history_s}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        feed = Path(folder) / "feed"
        command = [*on_core(LOAD_CORE), sys.executable, "-m", "bench.edge.stream", str(feed), json.dumps(tell)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise SystemExit("the source did not start")
            time.sleep(0.5)
            yield Stream(process.pid, feed)
        finally:
            ended(process)


def main() -> None:
    """The process."""
    with contextlib.suppress(PermissionError):
        os.nice(-10)
    event = Event(sys.argv[1], json.loads(sys.argv[2]))
    uvloop.run(event.run())


if __name__ == "__main__":
    main()
