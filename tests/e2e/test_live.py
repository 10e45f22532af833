"""`ringside live`, looked at from outside by the tools a user would use."""

import re
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.conftest import Running, get, ringside, until
from tests.small_event import OVERLOADED

RUNGS = {"v720": (1280, 720), "v480": (854, 480), "v360": (640, 360)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The event that one gets who says no more than `ringside live`."""
    with ringside(tmp_path_factory.mktemp("live"), "live") as running:
        until(lambda: running.on_air().playlist().count("#EXTINF") >= 3, "three segments are complete")
        yield running


@contextmanager
def judged(event: Running) -> Iterator[None]:
    """What is wrong with the rungs counts, but not when they were shed because the machine is too busy."""
    try:
        yield
    except (AssertionError, subprocess.TimeoutExpired):
        if any(words in event.log for words in OVERLOADED):
            pytest.skip("this machine is too busy to encode three rungs of the test card")
        raise


@pytest.mark.peer
def test_every_rung_decodes_by_hls_without_an_error(plain: Running, ffmpeg: str) -> None:
    for rung in RUNGS:
        url = f"{plain.url}/live/main/{rung}/index.m3u8"
        command = [ffmpeg, "-v", "error", "-xerror", "-i", url, "-t", "3", "-f", "null", "-"]
        with judged(plain):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stderr) == (0, ""), rung


@pytest.mark.peer
def test_every_track_decodes_by_dash_without_an_error(plain: Running, ffmpeg: str) -> None:
    url = f"{plain.url}/live/main/index.mpd"
    for stream in ("0:v:0", "0:v:1", "0:v:2", "0:a:0"):
        command = [ffmpeg, "-v", "error", "-xerror", "-i", url, "-map", stream, "-t", "3", "-f", "null", "-"]
        with judged(plain):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stderr) == (0, ""), stream


@pytest.mark.peer
def test_ffprobe_reads_the_ladder_and_the_sound(plain: Running, ffmpeg: str) -> None:
    entries = "stream=codec_name,width,height,sample_rate"
    command = [ffmpeg.replace("ffmpeg", "ffprobe"), "-v", "error", "-show_entries", entries, "-of", "csv=p=0"]
    url = f"{plain.url}/live/main/index.m3u8"
    seen = subprocess.run([*command, url], capture_output=True, text=True, timeout=60, check=True).stdout
    with judged(plain):
        for width, height in RUNGS.values():
            assert f"h264,{width},{height}" in seen
    assert "aac,48000" in seen


def test_a_blocking_reload_is_answered_with_the_part_that_was_asked_for(plain: Running) -> None:
    text = plain.playlist()
    hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"', text)
    assert hint
    number, part = int(hint[1]), int(hint[2])
    held = plain.playlist(query=f"?_HLS_msn={number}&_HLS_part={part}")
    assert f'URI="{number}.{part}.m4s"' in held.split("#EXT-X-PRELOAD-HINT")[0]


def test_a_hinted_part_is_held_and_then_complete(plain: Running) -> None:
    hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="([^"]+)"', plain.playlist())
    assert hint
    body = get(f"{plain.url}/live/main/v360/{hint[1]}")
    assert b"moof" in body
    assert body == get(f"{plain.url}/live/main/v360/{hint[1]}")


def test_the_parts_of_a_segment_are_the_segment(plain: Running) -> None:
    text = until(lambda: t if (t := plain.playlist()).count("#EXTINF") >= 2 else "", "two segments are complete")
    number = re.findall(r"^(\d+)\.m4s", text, re.M)[-1]
    parts = re.findall(rf'URI="({number}\.\d+\.m4s)"', text)
    base = f"{plain.url}/live/main/v360"
    assert b"".join(get(f"{base}/{part}") for part in parts) == get(f"{base}/{number}.m4s")


def test_what_does_not_exist_is_404_and_what_is_wrong_is_400(plain: Running) -> None:
    for path, status in {
        "/live/main/v360/1.m4s": 404,
        "/live/main/v999/index.m3u8": 404,
        "/live/main/v360/index.m3u8?_HLS_part=1": 400,
        "/live/main/v360/index.m3u8?_HLS_msn=99999999999": 400,
    }.items():
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(plain.url + path)
        assert refused.value.code == status, path


def test_the_pages_and_the_metrics_are_served(plain: Running) -> None:
    assert b"<video" in get(f"{plain.url}/")
    assert b"<html" in get(f"{plain.url}/status")
    until(lambda: b"ringside_" in get(f"{plain.url}/metrics"), "metrics are published")
    status = until(lambda: s if (s := plain.status()).get("encoder") else None, "the studio tells of itself")
    assert status["source"]["state"] == "live"
    assert {row["name"] for row in status["encoder"]["rungs"]} == set(RUNGS)
    assert {row["name"] for row in status["processes"]} == {"origin", "edge-1", "studio"}


def test_anonymous_publishing_is_refused(plain: Running) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", plain.port, timeout=10)
    connection.request("POST", "/ingest/main/v360", body=b"\0" * 64)
    assert connection.getresponse().status == 401


def test_time_is_utc_everywhere(plain: Running) -> None:
    text = plain.playlist()
    stamp = re.findall(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)", text)[-1]
    number = re.findall(r'URI="(\d+)\.\d+\.m4s"', text)[-1]
    from datetime import datetime

    start_s = datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    assert abs(start_s / 2 - int(number)) <= 1
    assert abs(time.time() - start_s) < 10
