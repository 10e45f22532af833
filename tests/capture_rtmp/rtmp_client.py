"""A publisher in bytes: what a client says at each stage, for tests that need no socket, and for those that do."""

from collections.abc import Iterable

from ringside.core.rtmp import amf
from ringside.core.rtmp.chunks import Limits, Reader, Writer
from ringside.core.rtmp.message import Message, Type, command, set_chunk_size
from ringside.flow.capture.rtmp.actions import Action, Send
from ringside.flow.capture.rtmp.door import Door
from ringside.flow.capture.rtmp.session import Session

KEY = "k3y-Of_the-night"
CODECS = frozenset({"h264", "hevc", "av1", "vp9", "aac"})
AVCC = bytes.fromhex("0142c00affe1000a6742c00a1a610000030001030968ce0f1920")
ASC = bytes.fromhex("1190")  # AAC-LC, 48 kHz, stereo
NS = 1_000_000_000


class Publisher:
    """Bytes of one client, each method the next thing it says."""

    def __init__(self) -> None:
        self.writer = Writer()
        self._reader = Reader(Limits())
        self._handshake_left = 3073

    def heard(self, actions: Iterable[Action]) -> list[Message]:
        """The messages in what the session sent, the handshake left out."""
        data = b"".join(action.data for action in actions if isinstance(action, Send))
        skipped = min(self._handshake_left, len(data))
        self._handshake_left -= skipped
        self._reader.feed(data[skipped:])
        return list(iter(self._reader.next, None))

    def hello(self) -> bytes:
        return b"\x03" + bytes(1536) + bytes(1536)

    def say(self, *messages: Message) -> bytes:
        return b"".join(self.writer.write(message) for message in messages)

    def connect(self, app: str = "live") -> bytes:
        return self.say(command("connect", 1, {"app": app, "tcUrl": f"rtmp://127.0.0.1/{app}", "capabilities": 15}))

    def ask(self, key: amf.Value = KEY) -> bytes:
        return self.say(
            command("releaseStream", 2, None, key),
            command("FCPublish", 3, None, key),
            command("createStream", 4, None),
            command("publish", 5, None, key, "live", stream=1),
        )

    def publish(self, key: amf.Value = KEY, app: str = "live") -> bytes:
        return self.hello() + self.connect(app) + self.ask(key)

    def video(self, timestamp_ms: int, body: bytes) -> bytes:
        return self.say(Message(Type.VIDEO, body, timestamp_ms, 1, 6))

    def audio(self, timestamp_ms: int, body: bytes) -> bytes:
        return self.say(Message(Type.AUDIO, body, timestamp_ms, 1, 4))

    def headers(self, avcc: bytes = AVCC, asc: bytes = ASC) -> bytes:
        return self.video(0, b"\x17\0\0\0\0" + avcc) + self.audio(0, b"\xaf\0" + asc)

    def chunk_size(self, size: int) -> bytes:
        return self.say(set_chunk_size(size))

    def bye(self) -> bytes:
        return self.say(command("FCUnpublish", 6, None, KEY), command("deleteStream", 7, None, 1))


def new_session(now_ns: int = 0, codecs: frozenset[str] = CODECS) -> Session:
    """A session whose application is `live` and whose key is KEY."""
    return Session(Door("live", KEY), codecs, bytes(1528), now_ns)


def publishing() -> tuple[Session, Publisher]:
    """A session with somebody on its stage."""
    session, publisher = new_session(), Publisher()
    publisher.heard(session.receive(publisher.publish(), 0))
    return session, publisher


def said(messages: Iterable[Message]) -> list[list[amf.Value]]:
    """The commands among them, decoded."""
    return [amf.decode(bytes(m.body)) for m in messages if m.type == Type.COMMAND_AMF0]


def kinds(actions: Iterable[Action]) -> list[str]:
    """The names of the actions, without what is merely sent."""
    return [type(action).__name__ for action in actions if not isinstance(action, Send)]
