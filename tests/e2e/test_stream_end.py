"""When an event ends, who follows its streams has every chunk, and is told by the last that nothing follows."""

import signal
import threading
import urllib.request
from pathlib import Path

import pytest

from ringside.core.boxes import ftyp
from ringside.core.boxes.box import boxes
from tests.e2e.conftest import ringside
from tests.small_event import SMALL

TRACKS = ("v240", "v180", "a")


def brands_of(stream: bytes) -> list[tuple[str, ...]]:
    """The brands of each styp of a stream that ended between boxes."""
    return [ftyp.brands(box) for box in boxes(stream) if box.type == "styp"]


@pytest.mark.parametrize("frames_per_chunk", [0, 1], ids=["chunks of a part", "chunks of a frame"])
def test_the_last_chunk_of_every_stream_says_that_nothing_follows(tmp_path: Path, frames_per_chunk: int) -> None:
    event = tmp_path / "event.toml"
    event.write_text(f"[event]\nframes_per_chunk = {frames_per_chunk}\n{SMALL}")
    had: dict[str, bytes] = {}
    begun = threading.Semaphore(0)
    with ringside(tmp_path, "live", "--event", str(event)) as live:
        live.on_air("v180")

        def follow(track: str) -> None:
            with urllib.request.urlopen(f"{live.url}/live/main/{track}/stream", timeout=20) as response:
                begun.release()
                had[track] = response.read()

        followers = [threading.Thread(target=follow, args=(track,)) for track in TRACKS]
        for follower in followers:
            follower.start()
        assert all(begun.acquire(timeout=20) for _ in TRACKS)
        live.process.send_signal(signal.SIGINT)
        for follower in followers:
            follower.join(20)
        assert live.process.wait(20) == 0
    for track in TRACKS:
        *before, last = brands_of(had[track])
        assert ftyp.LAST in last, track
        assert not any(ftyp.LAST in brands for brands in before)
