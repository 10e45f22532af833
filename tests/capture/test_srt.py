"""SRT over real sockets: who may send, what comes through, and what becomes of senders that leave, freeze or return."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from clips import EPOCH_S, Clip, make
from recorder import Recorder, read_strip, wait_for
from srt_sender import KEY, Sender, library

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.core.srt import Options
from ringside.flow.capture.config import Input
from ringside.flow.capture.mpegts import MpegTsSource
from ringside.flow.capture.source import SourceInfo
from ringside.flow.capture.spec import parse
from ringside.flow.capture.srt import source as srt_source

INFO = SourceInfo(320, 180, Fraction(30), True, True, "")
LOSS = Path(__file__).with_name("srt_loss.py")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    library()
    return make(tmp_path_factory.mktemp("srt") / "a.ts", Clip(audio="aac"), "mpegts").read_bytes()


def listening(recorder: Recorder, takeover: bool = False, passphrase: str = KEY, port: int = 0) -> MpegTsSource:
    url = f"srt://127.0.0.1:{port}?streamid=van&latency=120"
    spec = parse(url)
    source = srt_source(spec, Input(url=url, passphrase=passphrase, takeover=takeover), Wall(), INFO, None)
    source.start(recorder)
    return source


class Stage:
    def __init__(self, **more: object) -> None:
        self.recorder = Recorder()
        self.source = listening(self.recorder, **more)  # type: ignore[arg-type]

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.source.stop()

    def sender(self, **more: str) -> Sender:
        return Sender(self.source.port, **more)

    @property
    def closings(self) -> int:
        return sum(event.startswith("closed") for event in self.recorder.events)


@pytest.fixture
def stage(film: bytes) -> Iterator[Stage]:
    with Stage() as there:
        yield there


def test_pictures_and_sound_come_from_a_sender_that_has_id_and_passphrase(stage: Stage, film: bytes) -> None:
    sender = stage.sender()
    assert sender.rejected == ""
    sender.send(film, 1.2)
    status = stage.source.status()
    assert wait_for(lambda: stage.closings == 1)
    sender.close()
    stamps = [read_strip(picture) for _, _, picture in stage.recorder.pictures]
    assert len(stamps) >= 55
    assert stamps == sorted(stamps)
    assert stamps[0] == EPOCH_S * 1000
    assert len(stage.recorder.sounds) >= 80
    assert "320x180 h264" in stage.recorder.events[0]
    assert (status["peer"], status["senders"], status["dropped"], status["garbage_bytes"]) == ("127.0.0.1", 1, 0, 0)
    assert status["latency_ms"] == 120
    assert KEY not in repr(status)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stream_id": "nav"}, "stream id or passphrase"),
        ({"stream_id": ""}, "stream id or passphrase"),
        ({"passphrase": "wrong-horse-battery"}, "the passphrase is wrong"),
        ({"passphrase": ""}, "a passphrase is wanted on one side alone"),
        ({"stream_id": "#!::r=van,m=request"}, "does not take"),
    ],
)
def test_who_lacks_id_or_passphrase_is_told_so_and_nothing_of_it_is_decoded(
    stage: Stage, film: bytes, given: dict[str, str], said: str
) -> None:
    sender = stage.sender(**given)
    assert said in sender.rejected
    assert (stage.source.status()["senders"], stage.recorder.events) == (0, [])
    right = stage.sender()  # and the next one is not kept waiting
    assert right.rejected == ""
    right.close()


def test_strangers_bytes_on_the_port_disturb_nobody(stage: Stage, film: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for size in (1, 15, 16, 64, 1400):
            stranger.sendto(os.urandom(size), ("127.0.0.1", stage.source.port))
    sender = stage.sender()
    sender.send(film, 0.5)
    assert wait_for(lambda: len(stage.recorder.pictures) > 40)


def test_a_second_sender_is_turned_away_while_the_first_is_heard(stage: Stage, film: bytes) -> None:
    first = stage.sender()
    first.send(film[: 188 * 200], 0.2)
    second = stage.sender()
    assert "somebody else" in second.rejected
    first.send(film, 0.6)
    assert wait_for(lambda: len(stage.recorder.pictures) > 40)
    assert stage.source.status()["refused"] == 1


def test_a_sender_that_fell_silent_is_replaced_by_the_next(stage: Stage, film: bytes) -> None:
    """As after `kill -9`: libsrt itself would notice after five seconds."""
    silent = stage.sender()
    silent.send(film[: 188 * 400], 0.3)
    assert wait_for(lambda: stage.closings == 1)
    assert wait_for(lambda: stage.sender().rejected == "", 20)
    assert wait_for(lambda: stage.source.status()["senders"] >= 2)
    silent.close()


def test_where_taking_over_is_allowed_the_newest_sender_is_heard_at_once(film: bytes) -> None:
    with Stage(takeover=True) as stage:
        first = stage.sender()
        first.send(film[: 188 * 400], 0.4)
        second = stage.sender()
        assert second.rejected == ""
        second.send(film, 0.8)
        assert wait_for(lambda: len(stage.recorder.pictures) > 60)
        assert stage.closings == 0
        stamps = [read_strip(picture) for _, _, picture in stage.recorder.pictures]
        assert stamps.count(EPOCH_S * 1000) == 2  # each film from its own beginning, none of the other's in it
        first.close()


def test_a_taken_port_is_refused_by_name(stage: Stage) -> None:
    port = stage.source.port
    with pytest.raises(Misconfigured, match=f"srt://127.0.0.1:{port}: the port cannot be had"):
        listening(Recorder(), port=port)


def test_a_judge_that_fails_lets_nobody_in() -> None:
    """ctypes would print the exception and answer 0, which lets a caller in."""

    def fails(stream_id: str, peer: str) -> str:
        raise RuntimeError(f"{stream_id} of {peer}")

    listener = library().listen("127.0.0.1", 0, Options(), fails)
    try:
        assert Sender(listener.port, passphrase="").rejected
        assert listener.accept() is None
    finally:
        listener.close()


def test_a_listener_on_every_address_is_called_by_ipv4_and_ipv6_alike() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 on this machine")
    peers: list[str] = []
    listener = library().listen("::", 0, Options(), lambda _, peer: peers.append(peer) or "")
    try:
        for host in ("127.0.0.1", "::1"):
            caller = library().connect(host, listener.port, Options())
            assert wait_for(lambda caller=caller: caller.connected)
            caller.close()
        assert peers == ["127.0.0.1", "::1"]
    finally:
        listener.close()


def test_it_stops_at_once_with_and_without_a_sender(film: bytes) -> None:
    for connects in (False, True):
        with Stage() as stage:
            if connects:
                sender = stage.sender()
                sender.send(film[: 188 * 200], 0.1)
            begun = time.monotonic()
            stage.source.stop()
            assert time.monotonic() - begun < 1.5


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing: apt-get install ffmpeg")
def test_ffmpeg_is_called_and_called_again_when_it_comes_back(film: bytes, tmp_path: Path) -> None:
    clip = tmp_path / "clip.ts"
    clip.write_bytes(film)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    url = f"srt://127.0.0.1:{port}?mode=caller&streamid=van&latency=120"
    recorder = Recorder()
    source = srt_source(parse(url), Input(url=url, passphrase=KEY), Wall(), INFO, None)
    source.start(recorder)
    try:
        assert wait_for(lambda: any("nobody answers" in event for event in recorder.events))
        there = f"srt://127.0.0.1:{port}?mode=listener&passphrase={KEY}"
        command = f"ffmpeg -v error -nostdin -stream_loop -1 -re -i {clip} -c copy -f mpegts {there}".split()
        for times in (1, 2):
            sender = subprocess.Popen(command)
            try:
                assert wait_for(lambda n=times: sum(e.startswith("opened") for e in recorder.events) >= n, 10)
                seen = len(recorder.pictures)
                assert wait_for(lambda n=seen: len(recorder.pictures) > n + 10)
            finally:
                sender.send_signal(signal.SIGINT if times == 1 else signal.SIGKILL)
                sender.wait(10)
            assert wait_for(lambda: recorder.events[-1].startswith("closed"))
    finally:
        source.stop()


@pytest.mark.peer
@pytest.mark.skipif(
    shutil.which("unshare") is None or shutil.which("nft", path="/usr/sbin:/sbin") is None, reason="nft"
)
def test_no_picture_is_lost_where_one_packet_in_twenty_is(film: bytes, tmp_path: Path) -> None:
    clip = tmp_path / "clip.ts"
    clip.write_bytes(film)
    command = ["unshare", "-Urn", sys.executable, str(LOSS), str(clip), "5", "1500"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "no network of its own" in done.stderr or "unshare failed" in done.stderr:
        pytest.skip(f"no network of its own here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    lost, pictures, missing, given_up = (int(word) for word in done.stdout.split())
    assert lost > 5  # the fault fired
    assert (missing, given_up) == (0, 0)
    assert pictures >= 55  # the last ones are still in the decoder when the sender falls silent
