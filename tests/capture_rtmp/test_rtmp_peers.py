"""Real publishers: Debian's ffmpeg, and the newer FFmpeg inside PyAV, push to the source."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from rtmp_client import KEY
from rtmp_sink import Recorder

from ringside.core.clock import Wall
from ringside.flow.capture.rtmp import RtmpSource

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing: apt-get install ffmpeg"),
]

PUSH = Path(__file__).with_name("rtmp_push.py")
H264 = "-c:v libx264 -preset ultrafast -g 25"


@pytest.fixture
def sink() -> Recorder:
    return Recorder()


@pytest.fixture
def source(sink: Recorder) -> Iterator[RtmpSource]:
    source = RtmpSource("127.0.0.1", 0, "live", KEY, Wall())
    source.start(sink)
    yield source
    source.stop()


def ffmpeg(source: RtmpSource, arguments: str, key: str = KEY) -> "subprocess.Popen[str]":
    command = f"ffmpeg -hide_banner -nostdin -v warning -re {arguments} -f flv {source.name}/{key}"
    return subprocess.Popen(command.split(), stderr=subprocess.PIPE, text=True)


def inputs(fps: str = "25", seconds: float = 1.2, sound: bool = True) -> str:
    video = f"-f lavfi -i testsrc=s=320x180:r={fps}:d={seconds}"
    return f"{video} -f lavfi -i sine=r=48000:d={seconds}" if sound else video


def finished(process: "subprocess.Popen[str]") -> str:
    _, errors = process.communicate(timeout=30)
    return errors


@pytest.mark.parametrize(("fps", "pictures"), [("25", 30), ("30000/1001", 36), ("50", 60), ("60", 72)])
def test_every_picture_of_ffmpegs_b_frames_arrives_in_order(
    source: RtmpSource, sink: Recorder, fps: str, pictures: int
) -> None:
    errors = finished(ffmpeg(source, f"{inputs(fps)} {H264} -bf 3 -c:a aac -ac 2"))
    sink.wait_closed()
    assert sink.events[0] == ("opened", "320x180 h264, aac 48 kHz stereo from 127.0.0.1"), errors
    assert len(sink.pictures) == pictures
    times = [p[0] for p in sink.pictures]
    step = float(1_000_000_000 / Fraction(fps))
    assert all(abs(b - a - step) <= 1_000_001 for a, b in pairwise(times))
    assert source.decoder.errors == 0


def test_sound_and_picture_share_one_clock(source: RtmpSource, sink: Recorder) -> None:
    finished(ffmpeg(source, f"{inputs()} {H264} -bf 0 -c:a aac -ac 1 -ar 44100"))
    sink.wait_closed()
    assert {(rate, channels) for _, _, rate, channels in sink.sounds} == {(44100, 1)}
    assert abs(sink.pictures[-1][0] - sink.sounds[-1][0]) < 100_000_000
    steps = [b[0] - a[0] for a, b in pairwise(sink.sounds)]
    assert all(21_000_000 <= step <= 25_000_000 for step in steps)


def test_picture_without_sound_and_sound_without_picture(source: RtmpSource, sink: Recorder) -> None:
    finished(ffmpeg(source, f"{inputs(sound=False)} {H264}"))
    sink.wait_closed()
    assert sink.events[0][1] == "320x180 h264 from 127.0.0.1"
    finished(ffmpeg(source, "-f lavfi -i sine=r=48000:d=1.2 -c:a aac"))
    sink.wait_closed(2)
    assert sink.events[2][1] == "aac 48 kHz mono from 127.0.0.1"


def test_a_wrong_key_is_told_to_the_person_who_typed_it(source: RtmpSource, sink: Recorder) -> None:
    process = ffmpeg(source, f"{inputs()} {H264} -c:a aac", key="nope")
    assert "the stream key is wrong" in finished(process)
    assert process.returncode != 0
    assert sink.events == []


@pytest.mark.parametrize(
    ("codecs", "sentence"),
    [
        ("-c:v flv1 -c:a aac", "Sorenson H.263 is not supported; send H.264"),
        (f"{H264} -c:a libmp3lame", "MP3 is not supported; send AAC"),
        (f"{H264} -c:a pcm_s16le -ar 44100", "PCM is not supported; send AAC"),
    ],
)
def test_a_codec_that_is_not_taken_is_named(
    source: RtmpSource, sink: Recorder, caplog: pytest.LogCaptureFixture, codecs: str, sentence: str
) -> None:
    process = ffmpeg(source, f"{inputs(seconds=3)} {codecs}")
    finished(process)
    assert process.returncode != 0
    assert sentence in caplog.text
    assert KEY not in caplog.text


def test_a_killed_publisher_is_noticed_and_may_come_back(source: RtmpSource, sink: Recorder) -> None:
    process = ffmpeg(source, f"{inputs(seconds=30)} {H264} -c:a aac")
    sink.wait(lambda s: len(s.pictures) > 20)
    process.send_signal(signal.SIGKILL)
    sink.wait_closed()
    assert sink.events[1] == ("closed", "127.0.0.1: the connection was lost")
    finished(process)
    finished(ffmpeg(source, f"{inputs()} {H264} -c:a aac"))
    sink.wait_closed(2)
    assert [event for event, _ in sink.events] == ["opened", "closed", "opened", "closed"]


@pytest.mark.parametrize(
    ("encoder", "codec", "options"),
    [
        ("libx265", "hevc", {"preset": "ultrafast", "x265-params": "log-level=none:keyint=10:bframes=2"}),
        ("libsvtav1", "av1", {"preset": "12", "g": "10"}),
        ("libvpx-vp9", "vp9", {"cpu-used": "8", "deadline": "realtime"}),
    ],
)
def test_enhanced_rtmp_as_ffmpeg_writes_it(
    source: RtmpSource, sink: Recorder, encoder: str, codec: str, options: dict[str, str]
) -> None:
    if encoder not in av.codecs_available:
        pytest.skip(f"PyAV has no {encoder} here")
    command = [sys.executable, str(PUSH), f"{source.name}/{KEY}", encoder, json.dumps(options), "40"]
    pushed = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert pushed.returncode == 0, pushed.stderr
    sink.wait_closed()
    assert sink.events[0] == ("opened", f"320x180 {codec}, aac 48 kHz stereo from 127.0.0.1")
    assert [p[0] for p in sink.pictures] == sorted(p[0] for p in sink.pictures)
    assert len(sink.pictures) == 40
    assert source.decoder.errors == 0
