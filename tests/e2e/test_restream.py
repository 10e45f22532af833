"""SRT in and the programme on to other services, in real processes: ffmpeg calls, two far ends are sent to."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ringside.core.clock import Wall
from ringside.core.srt import NoSrt
from ringside.core.srt.socket import Srt
from ringside.flow.capture.config import Input
from ringside.flow.capture.mpegts import MpegTsSource
from ringside.flow.capture.rtmp import RtmpSource
from ringside.flow.capture.source import SourceInfo
from ringside.flow.capture.spec import parse
from ringside.flow.capture.srt import source as srt_source
from tests.capture.recorder import Recorder
from tests.e2e.conftest import Running, ringside, until
from tests.small_event import CANVAS, SMALL

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing: apt-get install ffmpeg"),
]
KEY, PHRASE = "k3y-of-the-night", "correct-horse-battery"
SOURCE = """
url = "srt://127.0.0.1:{srt}?streamid=van&latency=120"
passphrase = "{phrase}"
"""
RESTREAM = """
[[restream]]
name = "example"
url = "rtmp://127.0.0.1:{rtmp}/live"
key = "{key}"
track = "v180"
"""
ENCODER = (
    "ffmpeg -v error -nostdin -re -f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine=r=48000 -c:v libx264 "
    "-preset ultrafast -tune zerolatency -g 25 -c:a aac -f mpegts -pkt_size 1316"
)


class Service:
    """A far end: the house's own RTMP server, or its SRT listener; what it was sent, decoded."""

    def __init__(self, source: RtmpSource | MpegTsSource) -> None:
        self.seen = Recorder()
        self.source = source
        source.start(self.seen)

    def goes_on(self, pictures: int = 30) -> None:
        more = len(self.seen.pictures) + pictures
        until(lambda: len(self.seen.pictures) >= more, f"{pictures} more pictures")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    there = Service(RtmpSource("127.0.0.1", 0, "live", KEY, Wall()))
    yield there
    there.source.stop()


@pytest.fixture(scope="module")
def event(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    try:
        Srt.load()
    except NoSrt as missing:
        pytest.skip(str(missing))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        srt = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("restream")
    path = folder / "event.toml"
    assert isinstance(service.source, RtmpSource)
    event = SMALL.replace(CANVAS, CANVAS + SOURCE.format(srt=srt, phrase=PHRASE))
    path.write_text(event + RESTREAM.format(rtmp=service.source.port, key=KEY))
    to = f"srt://127.0.0.1:{srt}?streamid=van&passphrase={PHRASE}&latency=120000"
    with ringside(folder, "live", "--event", str(path)) as running:
        running.on_air("v180")
        encoder = subprocess.Popen([*ENCODER.split(), to], stderr=subprocess.DEVNULL)
        try:
            yield running
        finally:
            encoder.kill()
            encoder.wait()


def row(event: Running) -> dict[str, Any]:
    found: dict[str, Any] = event.status()["restreams"][0]
    return found


def test_what_an_encoder_sends_over_srt_is_on_the_air_and_its_line_is_told(event: Running) -> None:
    def on_the_air() -> dict[str, Any] | None:
        main = event.status()["source"]["inputs"][0]
        return main if main["state"] == "on_air" and main["stats"].get("received", 0) > 100 else None

    main = until(on_the_air, "the encoder is on the air")
    assert (main["kind"], main["stats"]["peer"], main["stats"]["latency_ms"]) == ("srt", "127.0.0.1", 120)
    assert main["stats"]["dropped"] == 0
    assert PHRASE not in str(event.status())


def test_the_programme_goes_on_to_a_service_and_the_status_says_so(event: Running, service: Service) -> None:
    service.goes_on()
    told = until(lambda: (found := row(event))["bitrate_bps"] > 0 and found, "a rate is told")
    assert (told["name"], told["to"], told["state"]) == (
        "example",
        f"rtmp://127.0.0.1:{service.source.port}/live",
        "live",
    )
    assert told["tracks"] == ["v180", "a"]
    assert KEY not in str(event.status()) + event.log
    assert {(picture.width, picture.height) for _, _, picture in service.seen.pictures} == {(320, 180)}
    assert service.seen.sounds


def test_a_restream_process_that_is_killed_is_made_again_and_the_event_does_not_notice(
    event: Running, service: Service
) -> None:
    studio, origin = event.pid_of("studio"), event.pid_of("origin")
    os.kill(event.pid_of("restream"), signal.SIGKILL)
    until(lambda: any(told.startswith("closed") for told in service.seen.events), "the service sees it leave")
    service.goes_on()
    assert (event.pid_of("studio"), event.pid_of("origin")) == (studio, origin)


def test_the_verb_sends_on_over_srt_what_an_origin_elsewhere_has(event: Running, tmp_path: Path) -> None:
    url = "srt://127.0.0.1:0?streamid=far&latency=120"
    info = SourceInfo(320, 240, Fraction(25), True, True, "")
    there = Service(srt_source(parse(url), Input(url=url, passphrase=PHRASE), Wall(), info, None))
    to = f"srt://127.0.0.1:{there.source.port}?streamid=far&passphrase={PHRASE}"
    with ringside(tmp_path, "restream", "--origin", event.url, "--to", to) as running:
        there.goes_on(20)
        until(lambda: ": live, " in running.log and " MB sent" in running.log, "a line tells how it goes")
        assert PHRASE not in running.log
    there.source.stop()
    assert max(picture.height for _, _, picture in there.seen.pictures) == 240  # the largest there is


def test_the_verb_refuses_what_it_cannot_send_to_in_a_sentence() -> None:
    command = [
        sys.executable,
        "-m",
        "ringside",
        "restream",
        "--origin",
        "http://127.0.0.1:1",
        "--to",
        "rtmp://h/s3cret",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 2
    assert "--to: rtmp://h: the application or the stream key is missing" in done.stdout + done.stderr
    assert "s3cret" not in done.stdout + done.stderr
