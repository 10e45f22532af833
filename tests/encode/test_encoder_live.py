"""The whole encoder on the wall clock, with a small ladder: real threads, real x264 and AAC."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from moving_pictures import moving

from ringside.core.clock import Wall
from ringside.core.media import Frame, Grid, Timeline
from ringside.flow.encode import Config, Rung
from ringside.flow.encode.gop import key_wanted
from ringside.flow.encode.pump import Encoder

PICTURES = moving(320, 180, 30)
SILENCE = np.zeros((2, 1024), np.float32)
LADDER = (Rung(height=180, bitrate_bps=300_000), Rung(height=90, bitrate_bps=100_000))
DELAY_NS = 10_000_000


class Taken:
    """Takes an encoder's frames, and waits for as many as a test needs."""

    def __init__(self, then: Callable[[Frame], None] = lambda _: None) -> None:
        self.tracks: dict[str, list[Frame]] = defaultdict(list)
        self._came = threading.Condition()
        self._then = then

    def __call__(self, frame: Frame) -> None:
        with self._came:
            self.tracks[frame.track].append(frame)
            self._came.notify_all()
        self._then(frame)

    def wait(self, enough: Callable[[dict[str, list[Frame]]], bool], timeout_s: float = 20.0) -> None:
        with self._came:
            assert self._came.wait_for(lambda: enough(self.tracks), timeout_s), repr(dict(self.tracks))[:500]


def encoder(taken: Taken, fps: str = "30", **changes: object) -> Encoder:
    arguments = {
        "config": Config(ladder=LADDER, effort="ultrafast"),
        "timeline": Timeline(),
        "clock": Wall(),
        "video_grid": Grid.video(Fraction(fps)),
        "audio_grid": Grid.audio(),
        "pull_picture": lambda k: PICTURES[k % 30],
        "pull_sound": lambda _: SILENCE,
        "on_frame": taken,
        "delay_ns": DELAY_NS,
        "source_size": (320, 180),
    }
    return Encoder(**{**arguments, **changes})  # type: ignore[arg-type]


def indices(frames: list[Frame]) -> list[int]:
    return [frame.index for frame in frames]


def holes(frames: list[Frame]) -> int:
    """Indices passed over. On a busy machine there may be some: they must all have been counted."""
    assert indices(frames) == sorted(set(indices(frames)))
    return frames[-1].index - frames[0].index + 1 - len(frames)


@pytest.mark.parametrize("fps", ["25", "30000/1001", "60"])
def test_every_track_comes_whole_in_order_and_on_the_epochs_grid(fps: str) -> None:
    taken = Taken()
    running = encoder(taken, fps)
    began_ns = Wall().now_ns()
    streams = {s.name: s for s in running.tracks()}
    running.start()
    taken.wait(lambda t: len(t["v180"]) >= 40 and len(t["v90"]) >= 40 and len(t["a"]) >= 40)
    running.stop()
    status = running.status()
    assert [(s.name, s.kind, s.width, s.height) for s in streams.values()] == [
        ("v180", "video", 320, 180),
        ("v90", "video", 160, 90),
        ("a", "audio", 0, 0),
    ]
    for name, frames in taken.tracks.items():
        grid = streams[name].grid
        assert grid.start_ns(frames[0].index) >= began_ns
        assert all(f.encoded_ns >= grid.start_ns(f.index) + DELAY_NS for f in frames)
    for row in status["rungs"]:
        assert holes(taken.tracks[row["name"]]) == row["skipped"] + status["jumped"]["video"]
    assert holes(taken.tracks["a"]) == status["jumped"]["audio"]
    assert [row["name"] for row in status["rungs"]] == ["v180", "v90"]


def test_the_first_frame_is_a_key_frame_at_once_and_the_rest_are_the_epochs() -> None:
    taken = Taken()
    running = encoder(taken)
    running.start()
    taken.wait(lambda t: len(t["v180"]) >= 40)
    running.stop()
    grid, timeline = Grid.video(Fraction(30)), Timeline()
    first, *rest = taken.tracks["v180"]
    assert first.key
    assert [f.key for f in rest] == [key_wanted(grid, timeline, f.index) for f in rest]
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = running.tracks()[0].extradata
    pictures = [p for f in (first, *rest) for p in decoder.decode(av.Packet(f.data))] + decoder.decode(None)
    assert len(pictures) == len(rest) + 1


def test_stopping_hands_out_all_that_was_asked_for() -> None:
    taken, pictures, blocks = Taken(), [], []

    def picture(k: int) -> av.VideoFrame:
        pictures.append(k)
        return PICTURES[k % 30]

    def sound(k: int) -> np.ndarray:
        blocks.append(k)
        return SILENCE

    running = encoder(taken, pull_picture=picture, pull_sound=sound)
    running.start()
    taken.wait(lambda t: len(t["a"]) >= 10)
    running.stop()
    for row in running.status()["rungs"]:
        made = indices(taken.tracks[row["name"]])
        assert made[-1] == pictures[-1]
        assert set(made) <= set(pictures)
        assert len(pictures) - len(made) == row["skipped"]
    assert indices(taken.tracks["a"])[: len(blocks)] == blocks
    assert not [t for t in threading.enumerate() if t.name.startswith("encode-")]


def test_a_rung_that_is_too_slow_skips_pictures_and_neither_lags_more_nor_holds_the_others_up() -> None:
    """The top rung's frames take 100 ms each at 30 a second."""
    taken = Taken(lambda frame: time.sleep(0.1) if frame.track == "v180" else None)
    running = encoder(taken, delay_ns=0)
    running.start()
    taken.wait(lambda t: len(t["v180"]) >= 15)
    running.stop()
    slow, fast = taken.tracks["v180"], taken.tracks["v90"]
    grid = Grid.video(Fraction(30))
    assert len(fast) > 2 * len(slow)
    status = running.status()
    top, low = (row["skipped"] for row in status["rungs"])
    assert holes(slow) == top + status["jumped"]["video"]
    assert holes(fast) == low + status["jumped"]["video"]
    assert top > 20 > low
    keys = {f.index for f in slow if f.key}
    due = [any(key_wanted(grid, Timeline(), k) for k in range(a.index + 1, b.index + 1)) for a, b in pairwise(slow)]
    assert [b.index in keys for b in slow[1:]] == due, "a skipped key frame is owed by the next"


def test_overload_sheds_the_top_rung_at_a_segment_start() -> None:
    taken = Taken(lambda frame: time.sleep(0.1) if frame.track == "v180" else None)
    running = encoder(taken)
    running.start()
    taken.wait(lambda _: bool(running.status()["shed"]))
    running.stop()
    status = running.status()
    assert status["shed"] == ["v180 is not made"]
    assert [r["active"] for r in status["rungs"]] == [False, True]


@pytest.mark.parametrize("broken", ["pull_picture", "pull_sound", "on_frame"])
def test_a_broken_callback_is_reported_and_stops_the_encoder(broken: str) -> None:
    def breaks(_: object) -> None:
        raise LookupError("the programme is gone")

    told = threading.Event()
    hook, threading.excepthook = threading.excepthook, lambda _: None
    try:
        running = encoder(Taken(), on_fault=lambda _: told.set(), **{broken: breaks})
        running.start()
        assert told.wait(10)
        running.stop()
    finally:
        threading.excepthook = hook
    assert isinstance(running.fault, LookupError)


CHILD = """
import os, sys
sys.path[:0] = [{here!r}]
from test_encoder_live import Taken, encoder
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
def show(frame):
    say(frame.track, frame.index, int(frame.key), frame.encoded_ns)
running = encoder(Taken(show))
running.start()
sys.stdin.readline()
running.stop()
status = running.status()
say("given-up", status["jumped"]["video"], status["rungs"][0]["skipped"], 0)
"""


def test_a_stopped_process_jumps_to_now_instead_of_catching_up() -> None:
    code = CHILD.format(here=str(Path(__file__).parent))
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert child.stdin
    assert child.stdout
    rows: list[tuple[str, int, int, int]] = []

    def read(until: Callable[[], bool]) -> None:
        while not until():
            track, index, key, encoded_ns = child.stdout.readline().split()  # type: ignore[union-attr]
            rows.append((track, int(index), int(key), int(encoded_ns)))

    try:
        read(lambda: len(rows) > 60)
        os.kill(child.pid, signal.SIGSTOP)
        time.sleep(3.6)
        resumed = len(rows)
        os.kill(child.pid, signal.SIGCONT)
        read(lambda: len(rows) > resumed + 120)
        child.stdin.write("\n")
        child.stdin.flush()
        read(lambda: rows[-1][0] == "given-up")
        _, jumped, skipped, _ = rows.pop()
    finally:
        child.kill()
        child.communicate()
    top = [row for row in rows if row[0] == "v180"]
    (before, after), grid = max(pairwise(top), key=lambda ab: ab[1][1] - ab[0][1]), Grid.video(Fraction(30))
    assert after[1] - before[1] - 1 >= 30
    assert top[-1][1] - top[0][1] + 1 - len(top) == jumped + skipped
    assert after[2], "a key frame was due meanwhile"
    late_ms = (after[3] - DELAY_NS - grid.start_ns(after[1])) / 1e6
    assert late_ms < 1400, "not where it left off"
    sound = [row[1] for row in rows if row[0] == "a"]
    assert sound == sorted(set(sound))
    assert max(b - a for a, b in pairwise(sound)) > 40
