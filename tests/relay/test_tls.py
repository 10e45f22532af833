"""The public port under TLS: the same answers as without, whoever knocks."""

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from tests.hostile.certificate import certificate
from tests.relay.edge_house import MP4, PLAYLIST, Viewer, expected, house, playlist, run, segment, until
from tests.relay.secure_kit import LATER, NOW, over_tls, pem, trusting, visitor

from ringside.core.errors import Misconfigured
from ringside.core.feed import Appended, Closed, Opened
from ringside.flow.relay.wire.certificate import Certificate, context


async def gone(viewer: Viewer) -> bytes:
    """What came before the other end closed, in whatever way it did."""
    with contextlib.suppress(OSError):
        return await viewer.closed()
    return b""


# Answers


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_segment_arrives_whole_in_either_version_of_tls(pem: Path, version: ssl.TLSVersion) -> None:
    async def scene() -> None:
        media = os.urandom(3_000_000)
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, media))
            viewer = await visitor(home.edge.port, version=version)
            for _ in range(3):
                status, fields, body = await viewer.get("/live/main/v720/7.m4s")
                assert (status, fields["content-type"], body) == (200, MP4, media)
            assert home.edge.tls is not None
            assert home.edge.tls.handshakes == 1

    run(scene)


def test_a_part_of_a_segment_and_a_range_of_it_are_cut_where_they_should(pem: Path) -> None:
    async def scene() -> None:
        first, second = os.urandom(170_000), os.urandom(60_001)
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, first, second))
            viewer = await visitor(home.edge.port)
            assert (await viewer.get("/live/main/v720/7.1.m4s"))[2] == second
            status, fields, body = await viewer.get("/live/main/v720/7.m4s", Range="bytes=169990-200000")
            assert (status, body) == (206, (first + second)[169990:200001])
            assert fields["content-range"] == "bytes 169990-200000/230001"
            assert (await viewer.get("/live/main/v720/7.m4s", "HEAD"))[1]["content-length"] == "230001"
            assert (await viewer.get("/live/main/v720/8.m4s"))[0] == 404

    run(scene)


def test_a_held_request_is_answered_when_its_part_comes(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(playlist(7, 0, (7, 1)), expected(7, 1))
            viewers = [await visitor(home.edge.port) for _ in range(3)]
            for viewer in viewers:
                viewer.ask(f"{PLAYLIST}?_HLS_msn=7&_HLS_part=1")
            await until(lambda: home.edge.waiting.count == 3)
            await home.publish(playlist(7, 1, (7, 2), body=b"#EXTM3U new\n"))
            assert [(await viewer.answer())[2] for viewer in viewers] == [b"#EXTM3U new\n"] * 3

    run(scene)


def test_a_segment_in_the_making_comes_chunk_by_chunk(pem: Path) -> None:
    async def scene() -> None:
        chunks = [os.urandom(50_000), os.urandom(900), os.urandom(200_000)]
        async with house(over_tls(pem)) as home:
            await home.publish(Opened("/live/main/v720/7.m4s", 7, MP4))
            viewer = await visitor(home.edge.port)
            viewer.ask("/live/main/v720/7.m4s")
            assert (await viewer.head())[1]["transfer-encoding"] == "chunked"
            size = 0
            for data in chunks:
                size += len(data)
                await home.publish(Appended(7, size, data))
                assert await viewer.chunk() == data
            await home.publish(Closed(7))
            assert await viewer.chunk() == b""
            assert (await viewer.get("/live/main/v720/7.m4s"))[2] == b"".join(chunks)

    run(scene)


def test_requests_sent_in_one_breath_are_answered_in_their_order(pem: Path) -> None:
    async def scene() -> None:
        parts = [os.urandom(120_000) for _ in range(8)]
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, *parts))
            viewer = await visitor(home.edge.port)
            for number in range(8):
                viewer.ask(f"/live/main/v720/7.{number}.m4s")
            assert [(await viewer.answer())[2] for _ in parts] == parts

    run(scene)


def test_a_connection_that_is_to_close_ends_with_a_close_notify(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, b"x" * 40_000))
            port = home.edge.port

            def ask() -> bytes:
                strict = trusting()
                with (
                    socket.create_connection(("127.0.0.1", port)) as plain,
                    strict.wrap_socket(plain, suppress_ragged_eofs=False) as tls,
                ):
                    tls.settimeout(5)
                    tls.sendall(b"GET /live/main/v720/7.m4s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    got = b""
                    while piece := tls.recv(65536):  # raises when the end was a truncation
                        got += piece
                    return got

            assert (await asyncio.to_thread(ask)).endswith(b"x" * 40_000)

    run(scene)


def test_a_publisher_is_told_that_there_is_no_publishing_over_tls(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            viewer = await visitor(home.edge.port)
            viewer.send(b"PUT /ingest/main/v720 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd")
            status, _, body = await viewer.answer()
            assert (status, b"over TLS" in body) == (403, True)
            assert home.handed == []
            assert (await (await visitor(home.edge.port)).get("/feed"))[0] == 404

    run(scene)


def test_a_draining_worker_answers_and_closes(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(playlist(7, 0, (7, 1)), expected(7, 1))
            viewer, idle = await visitor(home.edge.port), await visitor(home.edge.port)
            viewer.ask(f"{PLAYLIST}?_HLS_msn=7&_HLS_part=1")
            await until(lambda: home.edge.waiting.count == 1)
            leaving = asyncio.ensure_future(home.edge.stop(5))
            assert await idle.closed() == b""
            await home.publish(playlist(7, 1, (7, 2)))
            assert (await viewer.answer())[1]["connection"] == "close"
            assert await viewer.closed() == b""
            await leaving

    run(scene)


# Peers


def test_curl_and_openssl_and_python_all_get_in(pem: Path) -> None:
    async def scene() -> None:
        media = os.urandom(400_000)
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, media))
            url = f"https://127.0.0.1:{home.edge.port}/live/main/v720/7.m4s"
            curl = ["curl", "-s", "--http1.1", "--cacert", str(pem), url]
            assert (await asyncio.to_thread(subprocess.run, curl, capture_output=True, timeout=20)).stdout == media
            knock = ["openssl", "s_client", "-connect", f"127.0.0.1:{home.edge.port}", "-quiet", "-CAfile", str(pem)]
            said = await asyncio.to_thread(
                subprocess.run,
                knock,
                input=b"GET /live/main/v720/7.m4s HTTP/1.0\r\n\r\n",
                capture_output=True,
                timeout=20,
            )
            assert said.stdout.endswith(media)

    run(scene)


def test_a_client_that_comes_back_resumes_its_session(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, b"x"))
            port = home.edge.port

            def twice() -> bool:
                client, session = trusting(), None
                for _ in range(2):
                    plain = socket.create_connection(("127.0.0.1", port), timeout=5)
                    with client.wrap_socket(plain, session=session) as tls:
                        tls.sendall(b"GET /live/main/v720/7.m4s HTTP/1.1\r\nHost: x\r\n\r\n")
                        assert tls.recv(4096)
                        session, reused = tls.session, tls.session_reused
                return bool(reused)

            assert await asyncio.to_thread(twice)
            assert home.edge.tls is not None
            assert home.edge.tls.resumed == 1

    run(scene)


def test_old_versions_of_tls_are_declined_and_counted(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            knock = [
                "openssl",
                "s_client",
                "-connect",
                f"127.0.0.1:{home.edge.port}",
                "-tls1_1",
                "-cipher",
                "ALL:@SECLEVEL=0",
            ]
            said = await asyncio.to_thread(subprocess.run, knock, input=b"", capture_output=True, timeout=20)
            assert b"alert protocol version" in said.stderr
            assert home.edge.tls is not None
            await until(lambda: home.edge.tls is not None and home.edge.tls.failed == 1)
            assert home.edge.connections == set()

    run(scene)


# Those who mean no good, or know no better


def test_plain_http_is_told_in_plain_text_to_use_https(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            viewer = await home.viewer()
            status, fields, body = await viewer.get("/")
            assert (status, fields["connection"]) == (400, "close")
            assert b"https://" in body
            viewer.send(b"x" * 200_000)
            assert await gone(viewer) == b""
            assert home.edge.tls is not None
            assert home.edge.tls.plain == 1

    run(scene)


def test_who_never_finishes_the_handshake_is_hung_up_on(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            viewer = await home.viewer()
            viewer.send(b"\x16\x03\x01\x02\x00\x01")
            await until(lambda: len(home.edge.partial) == 1)
            home.clock.advance_ns(11_000_000_000)
            assert await gone(viewer) == b""
            await until(lambda: not home.edge.connections and not home.edge.partial)

    run(scene)


def test_noise_instead_of_a_handshake_costs_nothing_but_the_connection(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            for noise in (b"\0" * 100, os.urandom(5000), b"\x16\x03\x01\xff\xff" + os.urandom(70_000), b"\x80\x2e\x01"):
                viewer = await home.viewer()
                viewer.send(noise)
                viewer.writer.write_eof()
                await gone(viewer)
            await until(lambda: not home.edge.connections)
            await home.publish(*segment(7, b"still here"))
            assert (await (await visitor(home.edge.port)).get("/live/main/v720/7.m4s"))[2] == b"still here"

    run(scene)


def test_a_record_that_was_tampered_with_ends_the_connection(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            viewer = await visitor(home.edge.port)
            raw = viewer.writer.get_extra_info("socket")
            os.write(raw.fileno(), b"\x17\x03\x03\x00\x30" + os.urandom(48))
            await gone(viewer)
            await until(lambda: not home.edge.connections)

    run(scene)


def test_a_slow_reader_makes_nobody_encrypt_ahead_and_is_dropped(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem, slow_grace_s=1, slow_bytes_per_s=1_000_000)) as home:
            await home.publish(*segment(7, os.urandom(8_000_000)))
            viewer = await Viewer.connect(home.edge.port, ssl=trusting(), limit=1024)
            viewer.ask("/live/main/v720/7.m4s")
            await until(lambda: len(home.edge.blocked) == 1)
            home.clock.advance_ns(20_000_000_000)
            await until(lambda: home.edge.slow_dropped == 1 and not home.edge.connections)
            assert not home.edge.blocked

    run(scene)


def test_a_crowd_that_leaves_in_the_middle_leaves_nothing_behind(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, os.urandom(2_000_000)))
            for _ in range(20):
                viewer = await visitor(home.edge.port)
                viewer.ask("/live/main/v720/7.m4s")
                await viewer.head()
                viewer.writer.transport.abort()
            await until(lambda: not home.edge.connections)
            assert not home.edge.blocked
            assert home.edge.poll._by_fd.count(None) == len(home.edge.poll._by_fd) - 1  # the door

    run(scene)


# The certificate


def test_a_renewed_certificate_is_taken_into_use_without_a_break(pem: Path, tmp_path: Path) -> None:
    here = tmp_path / "live.pem"
    here.write_bytes(pem.read_bytes())
    used = Certificate(here, here)
    first = used.context
    assert not used.look()
    (tmp_path / "new").mkdir()
    os.replace(certificate(tmp_path / "new", NOW, LATER), here)
    assert used.look()
    assert used.context is not first
    assert (used.renewed, used.fault) == (1, "")
    assert str(used.report()["expires"]).startswith("2099-01-01")


def test_a_renewal_that_went_wrong_keeps_the_old_certificate_and_says_so(pem: Path, tmp_path: Path) -> None:
    here = tmp_path / "live.pem"
    here.write_bytes(pem.read_bytes())
    used = Certificate(here, here)
    first = used.context
    here.write_text("oops")
    assert not used.look()
    assert used.context is first
    assert "still in use" in used.fault
    here.unlink()
    assert not used.look()
    assert used.context is first


__all__ = ["pem"]


@pytest.fixture
def files(pem: Path, tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "old").mkdir()
    (tmp_path / "soon").mkdir()
    old = certificate(tmp_path / "old", "20200101000000Z", "20200201000000Z")
    soon = certificate(tmp_path / "soon", "20980101000000Z", LATER)
    locked, empty = tmp_path / "locked.pem", tmp_path / "empty.pem"
    hide = ["openssl", "pkey", "-in", str(pem), "-aes256", "-passout", "pass:secret", "-out", str(locked)]
    subprocess.run(hide, check=True, capture_output=True)
    empty.write_text("-----BEGIN NOTHING-----\n")
    return {"good": pem, "old": old, "soon": soon, "locked": locked, "empty": empty, "none": tmp_path / "none.pem"}


@pytest.mark.parametrize(
    ("cert", "key", "sentence"),
    [
        ("none", "good", "cannot be read"),
        ("good", "none", "cannot be read"),
        ("good", "old", "is not that of the certificate"),
        ("old", "old", "has expired"),
        ("soon", "soon", "is not valid yet"),
        ("good", "locked", "passphrase"),
        ("empty", "good", "holds no certificate"),
        ("good", "empty", "holds no private key"),
    ],
)
def test_a_certificate_that_cannot_serve_is_named(files: dict[str, Path], cert: str, key: str, sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence) as told:
        context(files[cert], files[key])
    assert str(files[cert]) in str(told.value) or str(files[key]) in str(told.value)
