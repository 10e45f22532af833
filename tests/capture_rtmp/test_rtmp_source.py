"""The source on real sockets: the stage, its doorkeeper, and everything that a hostile peer may do to a connection."""

import os
import socket
from collections.abc import Iterator

import pytest
from rtmp_client import KEY, NS, Publisher
from rtmp_coder import clip, tone
from rtmp_sink import Recorder

from ringside.core.clock import Simulated
from ringside.core.errors import Misconfigured
from ringside.flow.capture.rtmp import RtmpSource
from ringside.flow.capture.rtmp.server import MAX_CONNECTIONS

START_NS = 1_800_000_000 * NS
HELD = 2  # pictures that a decoder holds back for B-frames while the stream goes on


class Peer:
    """A raw TCP connection to the source."""

    def __init__(self, source: RtmpSource) -> None:
        self.socket = socket.create_connection(("127.0.0.1", source.port), timeout=10)
        self.publisher = Publisher()

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return  # the server has already had enough

    def until(self, words: bytes) -> bytes:
        """Read until `words` have come; fails when the connection closes before."""
        got = b""
        while words not in got:
            data = self.socket.recv(65536)
            assert data, f"closed before {words!r}: {got[-300:]!r}"
            got += data
        return got

    def rest(self) -> bytes:
        """Everything up to the end of the connection; a time-out is a failure."""
        got = b""
        try:
            while data := self.socket.recv(65536):
                got += data
        except ConnectionResetError:
            pass
        return got

    def publish(self, key: str = KEY) -> "Peer":
        self.send(self.publisher.publish(key))
        self.until(b"NetStream.Publish.Start")
        return self

    def show(self, shift_ms: int = 0) -> None:
        asc, frames = tone()
        self.send(self.publisher.audio(shift_ms, b"\xaf\0" + asc))
        for timestamp_ms, body in clip("h264").tags():
            self.send(self.publisher.video(timestamp_ms + shift_ms, body))
        for n, frame in enumerate(frames):
            self.send(self.publisher.audio(shift_ms + n * 21, b"\xaf\1" + frame))

    def close(self) -> None:
        self.socket.close()


class Scene:
    """A source, its clock, its sink and its peers."""

    def __init__(self, takeover: bool = False) -> None:
        self.clock = Simulated(START_NS)
        self.sink = Recorder()
        self.source = RtmpSource("127.0.0.1", 0, "live", KEY, self.clock, takeover=takeover)
        self.source.start(self.sink)
        self.peers: list[Peer] = []

    def peer(self) -> Peer:
        self.peers.append(Peer(self.source))
        return self.peers[-1]

    def end(self) -> None:
        for peer in self.peers:
            peer.close()
        self.source.stop()


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.end()


@pytest.fixture
def takeover() -> Iterator[Scene]:
    scene = Scene(takeover=True)
    yield scene
    scene.end()


def still_serves(scene: Scene) -> None:
    """Whatever has been done to it: a publisher with the key gets its pictures through."""
    pictures = len(scene.sink.pictures)
    peer = scene.peer().publish()
    peer.show()
    peer.send(peer.publisher.bye())
    peer.rest()
    scene.sink.wait(lambda sink: len(sink.pictures) >= pictures + 20, "twenty pictures")


def test_a_publisher_is_announced_shown_and_seen_off(scene: Scene) -> None:
    still_serves(scene)
    scene.sink.wait_closed()
    opened, closed = scene.sink.events
    assert opened == ("opened", "160x96 h264, aac 48 kHz stereo from 127.0.0.1")
    assert closed == ("closed", "127.0.0.1: the publisher stopped")
    assert {p[1] for p in scene.sink.pictures} == {START_NS}
    assert len(scene.sink.threads) == 1


def test_the_source_says_what_it_is_without_its_key(scene: Scene) -> None:
    assert (scene.source.kind, scene.source.delay_ns) == ("rtmp", 120_000_000)
    assert scene.source.name == f"rtmp://127.0.0.1:{scene.source.port}/live"
    assert KEY not in repr(scene.source)


def test_a_port_that_is_taken_is_one_clear_sentence(scene: Scene) -> None:
    second = RtmpSource("127.0.0.1", scene.source.port, "live", KEY, Simulated())
    with pytest.raises(
        Misconfigured, match=rf"rtmp: 127.0.0.1 port {scene.source.port} cannot be listened on: .*in use"
    ):
        second.start(Recorder())
    second.stop()


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no such host", 0), ("127.0.0.1", 70000)])
def test_an_address_that_cannot_be_had_is_one_clear_sentence(host: str, port: int) -> None:
    with pytest.raises(Misconfigured, match=r"^rtmp"):
        RtmpSource(host, port, "live", KEY, Simulated()).start(Recorder())


def test_a_port_is_free_again_after_stop() -> None:
    first = Scene()
    port = first.source.port
    first.end()
    again = RtmpSource("127.0.0.1", port, "live", KEY, Simulated())
    again.start(Recorder())
    again.stop()


def test_stopping_says_goodbye_to_the_publisher_and_closes_the_sink(scene: Scene) -> None:
    peer = scene.peer().publish()
    peer.show()
    scene.sink.wait(lambda sink: len(sink.pictures) > 10)
    scene.source.stop()
    assert b"the RTMP server was stopped" in peer.rest()
    assert scene.sink.events[-1][0] == "closed"
    assert "the RTMP server was stopped" in scene.sink.events[-1][1]


def test_a_second_publisher_is_refused_and_the_first_goes_on(scene: Scene) -> None:
    first = scene.peer().publish()
    first.show()
    second = scene.peer()
    second.send(second.publisher.publish())
    assert b"somebody else is already publishing" in second.rest()
    first.show(1000)
    scene.sink.wait(lambda sink: len(sink.pictures) >= 40 - HELD)
    assert [event for event, _ in scene.sink.events] == ["opened"]


def test_the_stage_is_free_once_the_publisher_vanished(scene: Scene) -> None:
    first = scene.peer().publish()
    first.show()
    scene.sink.wait(lambda sink: len(sink.pictures) > 10)
    first.close()
    scene.sink.wait_closed()
    still_serves(scene)


def test_with_takeover_the_newer_publisher_wins(takeover: Scene) -> None:
    first = takeover.peer().publish()
    first.show()
    takeover.sink.wait(lambda sink: len(sink.pictures) >= 20 - HELD)
    still_serves(takeover)
    assert b"another publisher took over" in first.rest()
    takeover.sink.wait_closed(2)
    assert [event for event, _ in takeover.sink.events] == ["opened", "closed", "opened", "closed"]


def test_with_takeover_a_wrong_key_takes_nothing_over(takeover: Scene) -> None:
    first = takeover.peer().publish()
    first.show()
    wrong = takeover.peer()
    wrong.send(wrong.publisher.publish("guess"))
    assert b"the stream key is wrong" in wrong.rest()
    first.show(1000)
    takeover.sink.wait(lambda sink: len(sink.pictures) >= 40 - HELD)


@pytest.mark.parametrize("stage", ["nothing", "handshake", "connect", "publish", "media"])
@pytest.mark.parametrize("what", ["garbage", "close", "zeros", "huge", "nested", "chunk size"])
def test_whatever_happens_at_whatever_stage_the_next_publisher_is_served(scene: Scene, stage: str, what: str) -> None:
    peer = scene.peer()
    publisher = peer.publisher
    stages = {
        "nothing": b"",
        "handshake": publisher.hello(),
        "connect": publisher.connect(),
        "publish": publisher.ask(),
        "media": publisher.headers() + publisher.video(0, next(iter(clip("h264").tags()))[1]),
    }
    for name, data in stages.items():
        peer.send(data)
        if name == stage:
            break
    attacks = {
        "garbage": bytes((n * 7919 + 13) >> 3 & 0xFF for n in range(20_000)),
        "close": b"",
        "zeros": bytes(50_000),
        "huge": b"\x07\0\0\0\xff\xff\xff\x09\1\0\0\0" + bytes(128),
        "nested": b"\x03\0\0\0\1\x11\x70\x14\0\0\0\0" + b"\x0a\0\0\0\1" * 14000,
        "chunk size": b"\x02\0\0\0\0\0\4\1\0\0\0\0\x7f\xff\xff\xff",
    }
    peer.send(attacks[what])
    if what in ("close", "zeros", "huge", "nested", "chunk size"):
        peer.socket.shutdown(socket.SHUT_WR)
    scene.clock.advance_ns(11 * NS)  # what is still waited for has now kept us waiting too long
    peer.rest()
    still_serves(scene)


@pytest.mark.parametrize("said", [0, 1, 2])
def test_a_peer_that_falls_silent_is_cut_off(scene: Scene, said: int) -> None:
    peer = scene.peer()
    peer.send(b"".join([peer.publisher.hello(), peer.publisher.connect()][:said]))
    if said:
        peer.until(b"\x03" if said == 1 else b"NetConnection.Connect.Success")
    later = scene.peer()
    later.send(later.publisher.hello())
    later.until(b"\x03")  # so the peer before it has been let in
    scene.clock.advance_ns(5 * NS)
    peer.rest()


def test_a_publisher_that_falls_silent_frees_the_stage(scene: Scene) -> None:
    peer = scene.peer().publish()
    peer.show()
    scene.sink.wait(lambda sink: len(sink.sounds) > 10)
    scene.clock.advance_ns(10 * NS)
    peer.rest()
    scene.sink.wait_closed()
    assert scene.sink.events[-1] == ("closed", "127.0.0.1: it sent no media for 10 s")
    still_serves(scene)


def test_strangers_who_fill_the_house_keep_neither_the_publisher_nor_the_next_one_out(scene: Scene) -> None:
    first = scene.peer().publish()
    crowd = [scene.peer() for _ in range(2 * MAX_CONNECTIONS)]
    for stranger in crowd:
        stranger.send(stranger.publisher.hello())
    crowd[0].rest()  # ends only because the oldest had to go
    crowd[-1].until(b"\x03")
    first.show()
    scene.sink.wait(lambda sink: len(sink.pictures) >= 20 - HELD)
    first.close()
    scene.sink.wait_closed()
    still_serves(scene)
    assert len(scene.source.connections) <= MAX_CONNECTIONS


def test_a_peer_that_asks_and_never_listens_is_cut_off(scene: Scene) -> None:
    peer = scene.peer()
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.publish()
    ping = b"\x02\0\0\0\0\0\6\4\0\0\0\0\0\6\0\0\0\1" + b"\xc2\0\6\0\0\0\1" * 5000

    def flood() -> None:
        for _ in range(2000):
            peer.socket.sendall(ping)

    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        flood()


def test_random_peers_never_end_the_event(scene: Scene) -> None:
    first = scene.peer().publish()
    for n in range(20):
        peer = scene.peer()
        peer.send((b"\x03" if n % 2 else b"") + os.urandom(5000))
        peer.close()
    first.show()
    scene.sink.wait(lambda sink: len(sink.pictures) >= 20 - HELD)
