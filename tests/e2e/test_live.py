"""`ringside live`, looked at from outside by the tools a user would use."""

import re
import signal
import subprocess
import time
import urllib.error
from pathlib import Path

import pytest

from tests.e2e.conftest import Running, get, ringside, until

RUNGS = {"v720": (1280, 720), "v480": (854, 480), "v360": (640, 360)}


@pytest.mark.peer
def test_every_rung_decodes_by_hls_without_an_error(testcard: Running, ffmpeg: str) -> None:
    for rung in RUNGS:
        url = f"{testcard.url}/live/main/{rung}/index.m3u8"
        command = [ffmpeg, "-v", "error", "-xerror", "-i", url, "-t", "3", "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), rung


@pytest.mark.peer
def test_every_track_decodes_by_dash_without_an_error(testcard: Running, ffmpeg: str) -> None:
    url = f"{testcard.url}/live/main/index.mpd"
    for stream in ("0:v:0", "0:v:1", "0:v:2", "0:a:0"):
        command = [ffmpeg, "-v", "error", "-xerror", "-i", url, "-map", stream, "-t", "3", "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), stream


@pytest.mark.peer
def test_ffprobe_reads_the_ladder_and_the_sound(testcard: Running, ffmpeg: str) -> None:
    entries = "stream=codec_name,width,height,sample_rate"
    command = [ffmpeg.replace("ffmpeg", "ffprobe"), "-v", "error", "-show_entries", entries, "-of", "csv=p=0"]
    url = f"{testcard.url}/live/main/index.m3u8"
    seen = subprocess.run([*command, url], capture_output=True, text=True, timeout=60, check=True).stdout
    for width, height in RUNGS.values():
        assert f"h264,{width},{height}" in seen
    assert "aac,48000" in seen


def test_a_blocking_reload_is_answered_with_the_part_that_was_asked_for(testcard: Running) -> None:
    text = testcard.playlist()
    hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"', text)
    assert hint
    number, part = int(hint[1]), int(hint[2])
    held = testcard.playlist(query=f"?_HLS_msn={number}&_HLS_part={part}")
    assert f'URI="{number}.{part}.m4s"' in held.split("#EXT-X-PRELOAD-HINT")[0]


def test_a_hinted_part_is_held_and_then_complete(testcard: Running) -> None:
    hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="([^"]+)"', testcard.playlist())
    assert hint
    body = get(f"{testcard.url}/live/main/v360/{hint[1]}")
    assert b"moof" in body
    assert body == get(f"{testcard.url}/live/main/v360/{hint[1]}")


def test_the_parts_of_a_segment_are_the_segment(testcard: Running) -> None:
    text = until(lambda: t if (t := testcard.playlist()).count("#EXTINF") >= 2 else "", "two segments are complete")
    number = re.findall(r"^(\d+)\.m4s", text, re.M)[-1]
    parts = re.findall(rf'URI="({number}\.\d+\.m4s)"', text)
    base = f"{testcard.url}/live/main/v360"
    assert b"".join(get(f"{base}/{part}") for part in parts) == get(f"{base}/{number}.m4s")


def test_what_does_not_exist_is_404_and_what_is_wrong_is_400(testcard: Running) -> None:
    for path, status in {
        "/live/main/v360/1.m4s": 404,
        "/live/main/v999/index.m3u8": 404,
        "/live/main/v360/index.m3u8?_HLS_part=1": 400,
        "/live/main/v360/index.m3u8?_HLS_msn=99999999999": 400,
    }.items():
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(testcard.url + path)
        assert refused.value.code == status, path


def test_the_pages_and_the_metrics_are_served(testcard: Running) -> None:
    assert b"<video" in get(f"{testcard.url}/")
    assert b"<html" in get(f"{testcard.url}/status")
    until(lambda: b"ringside_" in get(f"{testcard.url}/metrics"), "metrics are published")
    status = until(lambda: s if (s := testcard.status()).get("encoder") else None, "the studio tells of itself")
    assert status["source"]["state"] == "live"
    assert {row["name"] for row in status["encoder"]["rungs"]} == set(RUNGS)
    assert {row["name"] for row in status["processes"]} == {"origin", "edge-1", "studio"}


def test_anonymous_publishing_is_refused(testcard: Running) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", testcard.port, timeout=10)
    connection.request("POST", "/ingest/main/v360", body=b"\0" * 64)
    assert connection.getresponse().status == 401


@pytest.mark.parametrize("name", ["studio", "origin", "edge-1"])
def test_a_child_that_is_killed_comes_back_and_the_event_goes_on(tmp_path: Path, name: str) -> None:
    with ringside(tmp_path, "live") as running:
        running.on_air()
        before = running.pid_of(name)
        newest = max(int(n) for n in re.findall(r'URI="(\d+)\.\d+\.m4s"', running.playlist()))
        subprocess.run(["kill", "-9", str(before)], check=True)
        until(lambda: running.pid_of(name) != before, f"{name} is started again")

        def goes_on() -> bool:
            return max(int(n) for n in re.findall(r'URI="(\d+)\.\d+\.m4s"', running.playlist())) > newest + 1

        until(goes_on, "new segments are published")
        numbers = [int(n) for n in re.findall(r"^(\d+)\.m4s", running.playlist(), re.M)]
        assert numbers == list(range(numbers[0], numbers[-1] + 1)), "media sequence numbers stay numbers"


def test_a_studio_that_is_terminated_does_not_end_the_event(tmp_path: Path) -> None:
    with ringside(tmp_path, "live") as running:
        running.on_air()
        before = running.pid_of("studio")
        subprocess.run(["kill", "-TERM", str(before)], check=True)
        until(lambda: running.pid_of("studio") != before, "the studio is started again")
        assert "#EXT-X-ENDLIST" not in running.playlist()
        until(lambda: any("studio" in line["text"] for line in running.status()["log"]), "the page's log says so")


def test_duration_ends_the_event_properly(tmp_path: Path) -> None:
    with ringside(tmp_path, "live", "--duration", "4", "--linger", "3") as running:
        running.on_air()
        until(lambda: "#EXT-X-ENDLIST" in running.playlist(), "the playlist ends")
        assert "#EXT-X-ENDLIST" in running.playlist("a")
        assert "PRELOAD-HINT" not in running.playlist()
        assert 'type="static"' in get(f"{running.url}/live/main/index.mpd").decode()
        assert running.process.wait(20) == 0


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    with ringside(tmp_path, "live") as running:
        running.on_air()
        pids = [running.pid_of(name) for name in ("studio", "origin", "edge-1")]
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(10) == 0
        for pid in pids:
            assert not Path(f"/proc/{pid}").exists() or "zombie" in Path(f"/proc/{pid}/status").read_text()
    assert "Traceback" not in running.log


def test_the_children_go_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with ringside(tmp_path, "live") as running:
        running.on_air()
        pids = [running.pid_of(name) for name in ("studio", "origin", "edge-1")]
        running.process.kill()
        running.process.wait(10)
        until(lambda: not any(_alive(pid) for pid in pids), "the children are gone", 15)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_time_is_utc_everywhere(testcard: Running) -> None:
    text = testcard.playlist()
    stamp = re.findall(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)", text)[-1]
    number = re.findall(r'URI="(\d+)\.\d+\.m4s"', text)[-1]
    from datetime import datetime

    start_s = datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    assert abs(start_s / 2 - int(number)) <= 1
    assert abs(time.time() - start_s) < 10
