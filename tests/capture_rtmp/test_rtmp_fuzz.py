"""Recorded publishers: whole they are understood, and however they are spoiled, nothing breaks."""

import time
import tracemalloc

import pytest
import rtmp_fuzz_values
from rtmp_client import new_session
from rtmp_fuzz import GOLDEN, HANDSHAKE_BYTES, MAX_HELD_BYTES, MESSAGES, Report, Screen, check, feed, input_of, run
from rtmp_record import GOLDEN as FOLDER

from ringside.flow.capture.rtmp.actions import Action, Media


def shown(actions: list[Action]) -> tuple[set[str], int]:
    screen = Screen()
    media = [action for action in actions if isinstance(action, Media)]
    for one in media:
        screen.take(one)
    return {one.unit.codec for one in media}, screen.frames


@pytest.mark.parametrize(
    ("name", "codecs", "least"),
    [("ffmpeg-h264", {"h264", "aac"}, 50), ("pyav-hevc", {"hevc", "aac"}, 20), ("pyav-av1", {"av1", "aac"}, 20)],
)
@pytest.mark.parametrize("block", [1, 1460, 1 << 20])
def test_a_recorded_publisher_is_understood_however_its_bytes_arrive(
    name: str, codecs: set[str], least: int, block: int
) -> None:
    recording = GOLDEN[[path.stem for path in sorted(FOLDER.glob("*.rtmp"))].index(name)]
    actions = feed(new_session(), recording, block, Report())
    check(actions)
    found, frames = shown(actions)
    assert found == codecs
    assert frames >= least


def test_a_thousand_spoiled_sessions_break_nothing() -> None:
    seed = time.monotonic_ns() & 0xFFFFFF
    report = run(seed, range(1000))
    print(f"seed {seed}: {report}")
    assert not report.crashes, report.crashes[0]
    assert not report.hangs
    assert report.peak_held_bytes < MAX_HELD_BYTES
    assert report.reached["published"] > 300  # or the fuzzer no longer reaches what it is for
    assert report.reached["media"] > 3000


def test_five_thousand_messages_are_read_and_written_back_or_refused() -> None:
    seed = time.monotonic_ns() & 0xFFFFFF
    found = rtmp_fuzz_values.run(seed, range(5000))
    print(f"seed {seed}: {found.ends}")
    assert not found.faults, found.faults[0]
    assert min(found.ends[end] for end in ("AMF taken", "AMF malformed", "FLV taken", "FLV refused")) > 50


def test_spoiled_media_never_harms_the_decoder() -> None:
    report = run(7, range(150), decode=True)
    assert not report.crashes, report.crashes[0]
    assert report.reached["frames decoded"] > 1000


def test_a_session_never_costs_more_than_sixteen_megabytes() -> None:
    hungry = max(range(300), key=lambda n: len(input_of(3, n)[0]))
    data, block = input_of(3, hungry)
    tracemalloc.start()
    feed(new_session(), data, block, Report())
    assert tracemalloc.get_traced_memory()[1] < MAX_HELD_BYTES
    tracemalloc.stop()


def test_input_n_of_a_seed_is_always_the_same() -> None:
    assert input_of(5, 9) == input_of(5, 9)
    assert input_of(5, 9) != input_of(5, 10)
    assert all(recording[0] == 3 and len(recording) > HANDSHAKE_BYTES for recording in GOLDEN)
    assert all(len(script) > 20 for script in MESSAGES)
