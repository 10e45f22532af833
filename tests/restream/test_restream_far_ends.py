"""The programme at real far ends: nginx-rtmp, ffmpeg, the house's own servers; refused, killed, frozen, and back."""

import asyncio
import contextlib
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from restream_house import Nginx, free_port, house, look, until
from tests.capture.recorder import Recorder
from tests.hostile.certificate import certificate
from tests.peers import RTMP_MODULE

from ringside.core.clock import Wall
from ringside.core.srt import NoSrt
from ringside.core.srt.socket import Srt
from ringside.flow.capture.rtmp import RtmpSource
from ringside.flow.relay.restream import rtmp as rtmp_shell
from ringside.flow.relay.restream.config import Config

KEY = "k3y-of-the-night"
PHRASE = "correct-horse-battery"
needs_nginx = pytest.mark.skipif(not Path(RTMP_MODULE).exists(), reason="apt-get install libnginx-mod-rtmp")
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="apt-get install ffmpeg")


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    there = Nginx(tmp_path)
    yield there
    there.process.send_signal(signal.SIGCONT)
    there.kill()


class Own:
    """The house's own RTMP server."""

    def __init__(self) -> None:
        self.sink = Recorder()
        self.server = RtmpSource("127.0.0.1", 0, "live", KEY, Wall())
        self.server.start(self.sink)
        self.url = f"rtmp://127.0.0.1:{self.server.port}/live"


@pytest.fixture
def own() -> Iterator[Own]:
    there = Own()
    yield there
    there.server.stop()


def srt_is_here() -> None:
    try:
        Srt.load()
    except NoSrt as missing:
        pytest.skip(str(missing))


@pytest.mark.peer
@needs_nginx
def test_nginx_records_every_picture_from_a_key_frame_on_also_after_it_was_killed(nginx: Nginx) -> None:
    async def scene() -> None:
        config = Config(url=f"rtmp://127.0.0.1:{nginx.port}/live/{KEY}")
        async with house([config]) as there:
            await there.until_live()
            await there.until_sent(100_000)
            nginx.kill()
            await there.until_it_fails("")
            assert KEY not in repr(there.row())
            nginx.start()
            await there.until_live()
            await there.until_sent(100_000)
            row = there.row()
            assert (row["restarts"], row["dropped"], row["why"], row["tracks"]) == (1, 0, "", ["v180", "a"])
        await until(lambda: len(nginx.recordings) == 2)

    asyncio.run(scene())
    for recording in nginx.recordings:
        seen = look(recording)
        assert seen.first_key
        assert seen.are_whole
        assert len(seen.pictures) > 30
        assert seen.decoded == len(seen.pictures)
        assert seen.sounds > 30


@pytest.mark.peer
@needs_nginx
def test_a_frozen_service_is_given_up_and_the_other_goes_on(
    nginx: Nginx, own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtmp_shell, "STALLED_S", 0.5)
    monkeypatch.setattr(rtmp_shell, "KERNEL_BYTES", 4096)
    monkeypatch.setattr(rtmp_shell, "WAITING_BYTES", 4096)

    async def scene() -> None:
        frozen = Config(url=f"rtmp://127.0.0.1:{nginx.port}/live/{KEY}")
        async with house([frozen, Config(url=own.url, key=KEY)]) as there:
            await there.until_live(0)
            await there.until_live(1)
            nginx.process.send_signal(signal.SIGSTOP)
            pictures = len(own.sink.pictures)
            await there.until_it_fails("the far end has taken nothing", 0)
            assert there.row(1)["state"] == "live"
            assert len(own.sink.pictures) > pictures + 10
            nginx.process.send_signal(signal.SIGCONT)
            await there.until_live(0)

    asyncio.run(scene())


def test_a_wrong_key_is_told_and_tried_again_until_it_is_right(own: Own) -> None:
    async def scene() -> None:
        async with house([Config(url=own.url, key="wrong-key")]) as there:
            await there.until_it_fails("the far end refused: the stream key is wrong")
            assert "wrong-key" not in repr(there.row())
            own.server.door = type(own.server.door)("live", "wrong-key")
            await there.until_live()
            await until(lambda: len(own.sink.pictures) > 20)
            assert there.row()["restarts"] == 0

    asyncio.run(scene())


def test_who_does_not_listen_or_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtmp_shell, "ANSWER_S", 0.3)

    async def scene() -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            urls = [f"rtmp://127.0.0.1:{port}/live/{KEY}" for port in (free_port(), mute.getsockname()[1])]
            urls.append(f"rtmp://no-such-host.invalid/live/{KEY}")
            async with house([Config(url=url) for url in urls]) as there:
                await there.until_it_fails("nobody listens there", 0)
                await there.until_it_fails("the far end did not answer the handshake", 1)
                await there.until_it_fails("its name is not known", 2)

    asyncio.run(scene())


def test_rtmps_goes_only_to_a_server_whose_certificate_is_good(own: Own, tmp_path: Path) -> None:
    try:
        pem = certificate(tmp_path, "20250101000000Z", "20400101000000Z")
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(pem)
    trusting = ssl.create_default_context(cafile=str(pem))

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", own.server.port)

        async def one_way(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    sink.write(data)
            sink.close()

        await asyncio.gather(one_way(reader, back), one_way(there, writer))

    async def scene() -> None:
        front = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=server_context)
        config = Config(url=f"rtmps://127.0.0.1:{front.sockets[0].getsockname()[1]}/live/{KEY}")
        async with house([config]) as there:
            await there.until_it_fails("its certificate is not good")
        async with house([config], trusting) as there:
            await there.until_live()
            await until(lambda: len(own.sink.pictures) > 20)
        front.close()

    asyncio.run(scene())


def test_an_origin_that_begins_anew_is_followed_on_the_same_connection(own: Own) -> None:
    async def scene() -> None:
        async with house([Config(url=own.url, key=KEY)]) as there:
            await there.until_live()
            there.origin.cut()
            await until(lambda: len(there.origin.requests) > 1)
            pictures = len(own.sink.pictures)
            await until(lambda: len(own.sink.pictures) > pictures + 20)
            row = there.row()
            assert (row["state"], row["restarts"], row["dropped"]) == ("live", 0, 0)
        assert not [event for event in own.sink.events if event.startswith("closed")][1:]

    asyncio.run(scene())


@pytest.mark.peer
@needs_ffmpeg
def test_ffmpeg_takes_it_over_srt_with_a_passphrase_and_again_after_it_was_killed(tmp_path: Path) -> None:
    srt_is_here()
    port = free_port(socket.SOCK_DGRAM)
    there_url = f"srt://127.0.0.1:{port}?mode=listener&passphrase={PHRASE}"

    def listener(name: str) -> "subprocess.Popen[bytes]":
        quick = ["-analyzeduration", "500000", "-probesize", "100000", "-flush_packets", "1"]
        output = ["-c", "copy", "-f", "mpegts", str(tmp_path / name)]
        command = ["ffmpeg", "-v", "error", "-nostdin", *quick[:4], "-i", there_url, *quick[4:], *output]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    async def scene() -> None:
        config = Config(url=f"srt://127.0.0.1:{port}?streamid=van&latency=120", passphrase=PHRASE)
        async with house([config]) as there:
            await there.until_it_fails("nobody answers there")
            for n in (1, 2):
                process = listener(f"{n}.ts")
                try:
                    await there.until_live()
                    file = tmp_path / f"{n}.ts"
                    await until(lambda file=file: file.exists() and file.stat().st_size > 100_000)
                    assert there.row()["restarts"] == n - 1
                finally:
                    process.send_signal(signal.SIGINT if n == 1 else signal.SIGKILL)
                    process.wait()
                if n == 1:
                    await there.until_it_fails("")

    asyncio.run(scene())
    seen = look(tmp_path / "1.ts", "mpegts")
    assert seen.decoded > 25
    assert seen.sounds > 30


def test_the_houses_own_srt_listener_takes_it_and_a_wrong_passphrase_is_named() -> None:
    srt_is_here()
    from fractions import Fraction

    from ringside.flow.capture.config import Input
    from ringside.flow.capture.source import SourceInfo
    from ringside.flow.capture.spec import parse
    from ringside.flow.capture.srt import source as srt_source

    url = "srt://127.0.0.1:0?streamid=van&latency=120"
    recorder, info = Recorder(), SourceInfo(320, 180, Fraction(30), True, True, "")
    source = srt_source(parse(url), Input(url=url, passphrase=PHRASE), Wall(), info, None)
    source.start(recorder)

    async def scene() -> None:
        there_url = f"srt://127.0.0.1:{source.port}?streamid=van&latency=120"
        async with house([Config(url=there_url, passphrase="wrong-horse-battery")]) as there:
            await there.until_it_fails("the passphrase is wrong")
        assert recorder.events == []
        async with house([Config(url=there_url, passphrase=PHRASE)]) as there:
            await there.until_live()
            await until(lambda: len(recorder.pictures) > 40)
            row = there.row()
            assert row["sent_bytes"] > 50_000
            assert PHRASE not in repr(row)

    try:
        asyncio.run(scene())
    finally:
        begun = time.monotonic()
        source.stop()
        assert time.monotonic() - begun < 2
