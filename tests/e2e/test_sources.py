"""A real clip through every door: file, RTMP push, CMAF push, MPEG-TS; and a source that goes and comes back."""

import os
import re
import subprocess
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import Running, free_port, get, light, ringside, until

TOKEN = "a-long-enough-token"


@contextmanager
def pushing(ffmpeg: str, clip: Path, *output: str) -> Iterator[subprocess.Popen[bytes]]:
    """ffmpeg playing the clip in real time, over and over, into an output."""
    command = [ffmpeg, "-v", "error", "-re", "-stream_loop", "-1", "-i", str(clip), *output]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def source_state(running: Running) -> str:
    return str(running.status().get("source", {}).get("state"))


def test_a_file_is_played_at_its_own_rate_and_never_upscaled(tmp_path: Path, clip: Path) -> None:
    with ringside(tmp_path, "live", str(clip), "--loop") as running:
        running.on_air()
        master = running.master()
        assert "FRAME-RATE=25" in master
        assert re.findall(r"RESOLUTION=(\S+?),", master + ",") == ["640x360"]
        until(lambda: source_state(running) == "live", "the file is on the air")


@pytest.mark.peer
def test_an_rtmp_push_goes_live_falls_to_slate_and_comes_back(tmp_path: Path, ffmpeg: str, clip: Path) -> None:
    port = free_port()
    url = f"rtmp://127.0.0.1:{port}/live/secret-key"
    with ringside(tmp_path, "live", url, *light(tmp_path)) as running:
        running.on_air()
        assert source_state(running) in ("waiting", "slate", "None")
        for _ in range(2):
            with pushing(ffmpeg, clip, "-c", "copy", "-f", "flv", url):
                until(lambda: source_state(running) == "live", "the push is on the air")
            until(lambda: source_state(running) == "slate", "the slate is on the air")
        text = running.playlist()
        assert "#EXT-X-GAP" not in text
        assert "#EXT-X-DISCONTINUITY\n" not in text
        numbers = [int(n) for n in re.findall(r"^(\d+)\.m4s", text, re.M)]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


@pytest.mark.peer
def test_mpeg_ts_comes_in_by_udp_and_by_standard_input(tmp_path: Path, ffmpeg: str, clip: Path) -> None:
    port = free_port()
    with ringside(tmp_path, "live", f"udp://127.0.0.1:{port}", *light(tmp_path)) as running:
        running.on_air()
        with pushing(ffmpeg, clip, "-c", "copy", "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"):
            until(lambda: source_state(running) == "live", "the UDP push is on the air")
    read, write = os.pipe()
    command = [ffmpeg, "-v", "error", "-re", "-stream_loop", "-1", "-i", str(clip), "-c", "copy", "-f", "mpegts", "-"]
    with subprocess.Popen(command, stdout=write, stdin=subprocess.DEVNULL) as sender:
        os.close(write)
        try:
            with ringside(tmp_path, "live", "-", *light(tmp_path), stdin=read) as running:
                running.on_air()
                until(lambda: source_state(running) == "live", "standard input is on the air")
        finally:
            os.close(read)
            sender.kill()


def cmaf(running: Running, track: str) -> list[str]:
    """Options by which a stock ffmpeg pushes one track as CMAF, in one request."""
    flags = "+cmaf+delay_moov+skip_trailer+frag_every_frame+default_base_moof"
    head = ["-headers", f"Authorization: Bearer {TOKEN}\r\n", "-method", "POST", "-movflags", flags, "-f", "mp4"]
    return [*head, f"{running.url}/ingest/main/{track}"]


@pytest.mark.peer
def test_a_stock_ffmpeg_is_the_studio(tmp_path: Path, ffmpeg: str, clip: Path) -> None:
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50", "-b:v", "500k"]
    with ringside(tmp_path, "origin", "--ingest-token", TOKEN) as running:
        until(lambda: _answers(running), "the origin answers")
        outputs = ["-map", "0:v", *video, *cmaf(running, "v360"), "-map", "0:a", "-c:a", "aac", *cmaf(running, "a")]
        with pushing(ffmpeg, clip, *outputs):
            running.on_air()
            until(lambda: running.playlist().count("#EXTINF") >= 3, "three segments")
            url = f"{running.url}/live/main/index.m3u8"
            command = [ffmpeg, "-v", "error", "-xerror", "-i", url, "-t", "2", "-f", "null", "-"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stderr) == (0, "")


def _answers(running: Running) -> bool:
    try:
        return bool(get(f"{running.url}/"))
    except urllib.error.HTTPError:
        return True


@pytest.mark.peer
def test_a_studio_pushes_to_an_origin_elsewhere(tmp_path: Path) -> None:
    with ringside(tmp_path, "origin", "--ingest-token", TOKEN) as running:
        until(lambda: _answers(running), "the origin answers")
        with ringside(tmp_path, "studio", "--to", running.url, "--ingest-token", TOKEN):
            running.on_air()
            until(lambda: running.playlist().count("#EXTINF") >= 2, "two segments")
