"""MPEG-TS: packets found in any bytes, and a programme kept on the air over a real socket whatever arrives."""

import os
import random
import shutil
import socket
import subprocess
import threading
import time
from fractions import Fraction
from pathlib import Path

import pytest
from clips import EPOCH_S, Clip, make
from hypothesis import given, settings
from hypothesis import strategies as st
from recorder import Recorder, read_strip, wait_for

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.flow.capture.mpegts import MpegTsSource
from ringside.flow.capture.pipe import Pipe
from ringside.flow.capture.source import SourceInfo
from ringside.flow.capture.spec import parse
from ringside.flow.capture.ts import Aligner
from ringside.flow.capture.udp import Standard, Udp, without_rtp

INFO = SourceInfo(320, 180, Fraction(30), True, True, "")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make(tmp_path_factory.mktemp("ts") / "a.ts", Clip(audio="aac"), "mpegts").read_bytes()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A programme with other streams: no sound."""
    return make(tmp_path_factory.mktemp("ts") / "b.ts", Clip(width=256, height=144, audio=""), "mpegts").read_bytes()


class Stage:
    """A source on a real socket, a recorder behind it, and a sender."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        spec = parse("udp://127.0.0.1:1")
        receiver = Udp(parse("udp://127.0.0.1:5000").__class__(spec.kind, spec.name, spec.url, "127.0.0.1", 0))
        self.source = MpegTsSource(spec, Wall(), INFO, lambda: receiver)
        self.source.start(self.recorder)
        self.port = self.source.port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.source.stop()
        self._socket.close()

    def send(self, data: bytes, seconds: float = 0.5, size: int = 1316) -> None:
        """`data` in datagrams, spread over a time."""
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        begun = time.monotonic()
        for n, part in enumerate(parts):
            self._socket.sendto(part, ("127.0.0.1", self.port))
            time.sleep(max(0.0, begun + seconds * n / len(parts) - time.monotonic()))

    def stamps(self) -> list[int]:
        """Milliseconds into the clip of each picture that came through."""
        read = [read_strip(picture) for _, _, picture in self.recorder.pictures]
        return [stamp - EPOCH_S * 1000 for stamp in read if stamp is not None]


def test_whole_packets_pass_unchanged(film: bytes) -> None:
    aligner = Aligner()
    assert b"".join(b"".join(aligner.feed(film[at : at + 1000])) for at in range(0, len(film), 1000)) == film
    assert (aligner.garbage, aligner.packets) == (0, len(film) // 188)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_packets_are_found_again_after_garbage(film: bytes, seed: int) -> None:
    rng = random.Random(seed)
    packets = [film[at : at + 188] for at in range(0, 188 * 300, 188)]
    dirty, kept = bytearray(), 0
    for packet in packets:
        if rng.random() < 0.1:
            dirty += rng.randbytes(rng.randrange(1, 400))
        dirty += packet
    aligner, out = Aligner(), b""
    at = 0
    while at < len(dirty):
        step = rng.randrange(1, 3000)
        out += b"".join(aligner.feed(bytes(dirty[at : at + step])))
        at += step
    assert len(out) % 188 == 0
    found = {out[at : at + 188] for at in range(0, len(out), 188)}
    kept = sum(packet in found for packet in packets)
    assert kept > 200
    assert aligner.garbage > 0


@given(data=st.binary(max_size=2000))
@settings(max_examples=100, deadline=None)
def test_no_bytes_break_the_aligner(data: bytes) -> None:
    aligner = Aligner()
    assert sum(map(len, aligner.feed(data * 3))) % 188 == 0


def test_a_changed_programme_is_cut_off_and_begins_with_its_tables(film: bytes, other: bytes) -> None:
    aligner = Aligner()
    assert len(aligner.feed(film)) == 1
    before, after = aligner.feed(other)
    assert before + after[188:] == other  # the association table is repeated at the cut
    assert after[1:3] in (b"\x40\x00", b"\x60\x00")


def test_rtps_header_is_taken_off() -> None:
    packet = b"\x47" + bytes(187)
    assert without_rtp(packet) == packet
    assert without_rtp(b"\x80\x21" + bytes(10) + packet) == packet
    assert without_rtp(b"\x91\xa1" + bytes(14) + b"\0\0\0\1" + bytes(4) + packet) == packet
    assert without_rtp(b"\x80") == b"\x80"


def test_a_full_pipe_drops_and_counts() -> None:
    pipe = Pipe(limit=10)
    pipe.write(b"12345678")
    pipe.write(b"abc")
    assert pipe.dropped == 3
    assert not pipe.offer(b"abc", 0.01)
    assert (pipe.read(3), pipe.read(100)) == (b"123", b"45678")
    pipe.close()
    assert pipe.read(1) == b""


def test_pictures_and_sound_come_through_a_socket(film: bytes) -> None:
    with Stage() as stage:
        stage.send(film)
        assert wait_for(lambda: any(event.startswith("closed") for event in stage.recorder.events))
        assert len(stage.recorder.pictures) >= 55
        assert len(stage.recorder.sounds) >= 80
        assert stage.stamps() == sorted(stage.stamps())
        assert "320x180 h264" in stage.recorder.events[-2]
        assert stage.recorder.events[-1].endswith("nothing arrives any more")
        pictures = [pts - (stamp := read_strip(picture) * 10**6) for pts, _, picture in stage.recorder.pictures[5:]]
        assert stamp
        assert max(pictures) - min(pictures) < 2 * 10**6  # presentation times are the clip's own


def test_a_sender_that_comes_back_opens_the_source_again(film: bytes) -> None:
    with Stage() as stage:
        for round_ in (1, 2):
            stage.send(film[: 188 * 400], 0.2)
            assert wait_for(lambda n=round_: sum(e.startswith("closed") for e in stage.recorder.events) == n)
        kinds = [event.split()[0] for event in stage.recorder.events]
        assert kinds[0] == "opened"
        assert kinds[-2:] == ["opened", "closed"]


def test_loss_garbage_and_truncation_never_end_it(film: bytes) -> None:
    rng = random.Random(7)
    dirty = bytearray()
    for at in range(0, len(film), 188):
        chance = rng.random()
        if chance < 0.02:
            continue
        dirty += film[at : at + 188] if chance > 0.04 else film[at : at + rng.randrange(1, 188)]
        if chance > 0.98:
            dirty += rng.randbytes(rng.randrange(1, 500))
    with Stage() as stage:
        stage.send(bytes(dirty), 0.5)
        stage.send(rng.randbytes(100_000), 0.1)
        stage.send(film, 0.5)
        assert wait_for(lambda: max(stage.stamps(), default=0) >= 1900)
        assert len(stage.recorder.pictures) > 60
        assert stage.source.garbage > 50_000


def test_what_is_no_transport_stream_at_all_is_named() -> None:
    with Stage() as stage:
        stage.send(b"RIFF" * 40_000, 0.2)
        assert wait_for(lambda: bool(stage.recorder.events))
        assert stage.recorder.events == ["closed udp://127.0.0.1:1: what arrives is not MPEG-TS"]


def test_another_programme_takes_over_without_a_gap(film: bytes, other: bytes) -> None:
    with Stage() as stage:
        stage.send(film, 0.4)
        stage.send(other, 0.4)
        assert wait_for(lambda: {p.width for _, _, p in stage.recorder.pictures} == {320, 256})
        assert not any(event.startswith("closed") for event in stage.recorder.events)


def test_a_taken_port_is_refused_by_name() -> None:
    with Stage() as stage, pytest.raises(Misconfigured, match=f"udp://127.0.0.1:{stage.port}"):
        MpegTsSource(parse(f"udp://127.0.0.1:{stage.port}"), Wall(), INFO).start(Recorder())


def test_a_multicast_group_is_joined_on_an_interface(film: bytes) -> None:
    spec = parse("udp://239.255.42.42:5042?interface=127.0.0.1")
    recorder = Recorder()
    source = MpegTsSource(spec, Wall(), INFO)
    try:
        source.start(recorder)
    except Misconfigured as refusal:
        pytest.skip(f"no multicast on this machine's loopback: {refusal}")
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    for at in range(0, len(film), 1316):
        sender.sendto(film[at : at + 1316], ("239.255.42.42", 5042))
        time.sleep(0.001)
    sender.close()
    assert wait_for(lambda: len(recorder.pictures) > 30)
    source.stop()


def test_a_film_through_a_shell_pipe_is_held_to_real_time(film: bytes) -> None:
    ours, theirs = os.pipe()

    def pour() -> None:
        with os.fdopen(theirs, "wb") as end:
            end.write(film)

    recorder = Recorder()
    source = MpegTsSource(parse("-"), Wall(), INFO, lambda: Standard(ours))
    threading.Thread(target=pour, daemon=True).start()
    source.start(recorder)
    assert wait_for(lambda: "closed standard input ended" in recorder.events)
    source.stop()
    os.close(ours)
    assert len(recorder.pictures) == 60
    arrivals = [arrival for _, arrival, _ in recorder.pictures]
    assert arrivals[-1] - arrivals[0] > 1_500_000_000


@pytest.mark.peer
def test_ffmpeg_sends_in_real_time_and_sound_and_picture_keep_together(film: bytes, tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    clip = tmp_path / "clip.ts"
    clip.write_bytes(film)
    with Stage() as stage:
        to = f"udp://127.0.0.1:{stage.port}?pkt_size=1316"
        command = ["ffmpeg", "-v", "error", "-re", "-i", str(clip), "-c", "copy", "-f", "mpegts", to]
        sender = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            assert sender.wait(20) == 0
        finally:
            sender.kill()
        assert wait_for(lambda: any(event.startswith("closed") for event in stage.recorder.events))
        delays = [
            sorted(arrival - pts for pts, arrival, _ in media)[len(media) // 2]
            for media in (stage.recorder.pictures, stage.recorder.sounds)
        ]
        assert abs(delays[0] - delays[1]) < 700_000_000
        assert len(stage.recorder.pictures) >= 50
