"""The publisher's side of RTMP, joined in memory to the house's own server, and to servers that misbehave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.rtmp import message
from ringside.core.rtmp.chunks import Limits, Reader, Writer
from ringside.core.rtmp.errors import Malformed, PeerError, Refused
from ringside.core.rtmp.message import Message, Type
from ringside.flow.capture.rtmp.actions import Close, Media, Published, Send
from ringside.flow.capture.rtmp.door import Door
from ringside.flow.capture.rtmp.session import Session
from ringside.flow.relay.restream.publication import ENTROPY_BYTES, PACKET_BYTES, Phase, Publication

KEY = "k3y-of-the-night"
AVCC = bytes.fromhex("0142c00affe1000a6742c00a1a610000030001030968ce0f1920")
CODECS = frozenset({"h264", "aac"})


class Wire:
    """A publication and a server's session, and what the server came to know."""

    def __init__(self, app: str = "live", key: str = KEY, piece: int = 1 << 20) -> None:
        self.publication = Publication(app, key, f"rtmp://h/{app}", bytes(ENTROPY_BYTES))
        self.session = Session(Door("live", KEY), CODECS, bytes(ENTROPY_BYTES), 0)
        self.actions: list[object] = []
        self._piece = piece

    def talk(self, data: bytes) -> None:
        """Both sides speak until neither has anything to say."""
        while data:
            heard = b""
            for at in range(0, len(data), self._piece):
                for action in self.session.receive(data[at : at + self._piece], 0):
                    self.actions.append(action)
                    heard += action.data if isinstance(action, Send) else b""
            data = b"".join(
                self.publication.receive(heard[at : at + self._piece]) for at in range(0, len(heard), self._piece)
            )

    def has(self, kind: type) -> int:
        return sum(isinstance(action, kind) for action in self.actions)


@pytest.mark.parametrize("piece", [1 << 20, 1000, 7, 1])
def test_it_publishes_to_the_houses_own_server_however_the_bytes_are_cut(piece: int) -> None:
    wire = Wire(piece=piece)
    wire.talk(wire.publication.begin())
    assert wire.publication.live
    assert wire.has(Published) == 1
    wire.talk(wire.publication.media("video", 0, b"\x17\x00\0\0\0" + AVCC))
    wire.talk(wire.publication.media("video", 40, b"\x17\x01\0\0\0" + b"picture" * 2000))
    wire.talk(wire.publication.media("audio", 1 << 32, b"\xaf\x00\x11\x90"))  # after 49.7 days
    media = [action for action in wire.actions if isinstance(action, Media)]
    assert [action.pts_ns for action in media] == [0, 40_000_000, 0]
    assert media[1].unit.data == b"picture" * 2000  # type: ignore[union-attr]
    wire.talk(wire.publication.goodbye())
    assert any(isinstance(action, Close) and not action.fault for action in wire.actions)


def test_a_refusal_is_raised_in_the_servers_words_without_the_key() -> None:
    wire = Wire(app="other")
    with pytest.raises(Refused, match="the far end refused: the application is not /live"):
        wire.talk(wire.publication.begin())
    wire = Wire(key="wrong-key")
    with pytest.raises(Refused, match="the far end refused: the stream key is wrong"):
        wire.talk(wire.publication.begin())


class Server:
    """Says what it is told to, after a handshake."""

    def __init__(self) -> None:
        self.publication = Publication("live", KEY, "rtmp://h/live", bytes(ENTROPY_BYTES))
        self.publication.receive(b"\x03" + bytes(2 * PACKET_BYTES))
        self._writer = Writer()

    def says(self, *messages: Message) -> list[Message]:
        """What is answered."""
        answer = self.publication.receive(b"".join(self._writer.write(each) for each in messages))
        reader = Reader(Limits())
        reader.chunk_bytes = 4096
        reader.feed(answer)
        return list(iter(reader.next, None))


def result(transaction: int, *values: object) -> Message:
    return message.command("_result", transaction, None, *values)  # type: ignore[arg-type]


def test_a_key_that_a_server_repeats_is_taken_out_of_its_words() -> None:
    server = Server()
    server.says(result(1, {}), result(4, 1.0))
    with pytest.raises(Refused, match=r"refused: stream \(the key\) is already published") as refused:
        server.says(message.on_status("error", "NetStream.Publish.BadName", f"stream {KEY}\n is already published", 1))
    assert KEY not in str(refused.value)


def test_pings_are_answered_and_what_came_is_acknowledged() -> None:
    server = Server()
    server.says(result(1, {}), message.window_acknowledgement_size(10_000))
    answer = server.says(message.user_control(message.PING_REQUEST, b"\1\2\3\4"))
    assert bytes(answer[0].body) == b"\0\7\1\2\3\4"
    big = Message(Type.DATA_AMF0, bytes(6000))
    assert any(each.type == Type.ACKNOWLEDGEMENT for each in server.says(big))


def test_it_is_live_only_when_the_server_says_so() -> None:
    server = Server()
    start = message.on_status("status", "NetStream.Publish.Start", "go", 1)
    server.says(start)
    assert server.publication.phase is Phase.CONNECTING
    server.says(result(1, {}))
    server.says(result(4, 1.0))
    assert server.publication.phase is Phase.PUBLISHING
    server.says(message.on_status("status", "NetStream.Play.Reset", "no", 1))
    assert not server.publication.live
    server.says(start)
    assert server.publication.live


def test_a_server_that_gives_no_stream_or_speaks_something_else_is_malformed() -> None:
    server = Server()
    server.says(result(1, {}))
    with pytest.raises(Malformed, match="no stream"):
        server.says(result(4, "one"))
    with pytest.raises(Malformed, match="does not speak RTMP"):
        Publication("live", KEY, "", bytes(ENTROPY_BYTES)).receive(b"HTTP/1.1 400 Bad Request\r\n")


@given(data=st.lists(st.binary(max_size=3000), max_size=8), shaken=st.booleans())
def test_no_bytes_of_a_server_do_more_than_end_the_connection(data: list[bytes], shaken: bool) -> None:
    publication = Publication("live", KEY, "rtmp://h/live", bytes(ENTROPY_BYTES))
    if shaken:
        publication.receive(b"\x03" + bytes(2 * PACKET_BYTES))
    try:
        for piece in data:
            publication.receive(piece)
    except PeerError:
        pass
    assert not publication.live
