"""Publication: one RTMP connection from the publisher's side, as a state machine (Adobe RTMP 1.0, §5.2 and §7.2).

Pure: bytes that came enter, bytes to send leave. It is `live` when the far end has said that it takes the stream. A
refusal is raised with the far end's own words, from which the key is taken out.
"""

from enum import Enum

from ringside.core.rtmp import amf, message
from ringside.core.rtmp.chunks import Limits, Reader, Writer
from ringside.core.rtmp.errors import Malformed, Refused
from ringside.core.rtmp.message import Message, Type

VERSION = b"\x03"
PACKET_BYTES = 1536
ENTROPY_BYTES = PACKET_BYTES - 8
CHUNK_BYTES = 4096
LIMITS = Limits(message_bytes=64 << 10, assembly_bytes=128 << 10, chunk_streams=64)
AUDIO_CHUNKS, VIDEO_CHUNKS, DATA_CHUNKS = 4, 6, 5
CONNECT, RELEASE, ANNOUNCE, CREATE, PUBLISH, DELETE = 1, 2, 3, 4, 5, 6  # transactions
LONGEST_SENTENCE = 200
TIME_MASK = 0xFFFF_FFFF  # 49.7 days of milliseconds


class Phase(Enum):
    """How far it is; the value completes "the far end did not ... in time"."""

    SHAKING = "answer the handshake"
    CONNECTING = "answer to connect"
    CREATING = "give a stream"
    PUBLISHING = "take the stream"
    LIVE = "read"


class Publication:
    """`entropy` is the 1528 random bytes of C1."""

    def __init__(self, app: str, key: str, url: str, entropy: bytes) -> None:
        self.phase = Phase.SHAKING
        self._app, self._key, self._url = app, key, url
        self._c1 = bytes(8) + entropy
        self._shaken = bytearray()
        self._reader, self._writer = Reader(LIMITS), Writer()
        self._received = self._acknowledged = self._window = 0
        self._stream = 0

    def __repr__(self) -> str:
        return f"<Publication {self.phase.name.lower()}>"

    @property
    def live(self) -> bool:
        """Whether media may be sent."""
        return self.phase is Phase.LIVE

    def begin(self) -> bytes:
        """The first bytes."""
        return VERSION + self._c1

    def receive(self, data: bytes) -> bytes:
        """What to answer. Raises Malformed or Refused, after which there is nothing more to be said."""
        self._received += len(data)
        out = bytearray()
        if self.phase is Phase.SHAKING:
            data = self._shake(data, out)
        self._reader.feed(data)
        while (received := self._reader.next()) is not None:
            out += b"".join(self._writer.write(each) for each in self._answer(received))
        if self._window and self._received - self._acknowledged >= self._window // 2:
            self._acknowledged = self._received
            out += self._writer.write(message.acknowledgement(self._received))
        return bytes(out)

    def media(self, kind: str, time_ms: int, body: bytes) -> bytes:
        """A video, audio or data message."""
        types = {"video": (Type.VIDEO, VIDEO_CHUNKS), "audio": (Type.AUDIO, AUDIO_CHUNKS)}
        type, chunks = types.get(kind, (Type.DATA_AMF0, DATA_CHUNKS))
        return self._writer.write(Message(type, body, time_ms & TIME_MASK, self._stream, chunks))

    def goodbye(self) -> bytes:
        """The stream ends here."""
        if not self.live:
            return b""
        told = (
            message.command("FCUnpublish", DELETE, None, self._key),
            message.command("deleteStream", DELETE + 1, None, self._stream),
        )
        return b"".join(self._writer.write(each) for each in told)

    def _shake(self, data: bytes, out: bytearray) -> bytes:
        """Take S0, S1 and S2; what is left of `data`."""
        before = len(self._shaken)
        self._shaken += data
        if self._shaken[:1] not in (b"", VERSION):
            raise Malformed("the far end does not speak RTMP")
        if before < 1 + PACKET_BYTES <= len(self._shaken):
            out += self._shaken[1 : 1 + PACKET_BYTES]  # C2
        whole = 1 + 2 * PACKET_BYTES
        if len(self._shaken) < whole:
            return b""
        rest = bytes(self._shaken[whole:])
        self._shaken.clear()
        self.phase = Phase.CONNECTING
        properties: dict[str, amf.Value] = {
            "app": self._app, "type": "nonprivate", "flashVer": "FMLE/3.0 (compatible; Ringside)", "tcUrl": self._url
        }  # fmt: skip
        out += self._writer.write(message.set_chunk_size(CHUNK_BYTES))
        out += self._writer.write(message.command("connect", CONNECT, properties))
        return rest

    def _answer(self, received: Message) -> list[Message]:
        body = bytes(received.body)
        if received.type == Type.WINDOW_ACKNOWLEDGEMENT_SIZE:
            self._window = int.from_bytes(body[:4])
        elif received.type == Type.SET_PEER_BANDWIDTH:
            return [message.window_acknowledgement_size(int.from_bytes(body[:4]))]
        elif received.type == Type.USER_CONTROL and int.from_bytes(body[:2]) == message.PING_REQUEST:
            return [message.user_control(message.PING_RESPONSE, body[2:6])]
        elif received.type in (Type.COMMAND_AMF0, Type.COMMAND_AMF3):
            return self._command(amf.decode(body if received.type == Type.COMMAND_AMF0 else body[1:]))
        return []

    def _command(self, values: list[amf.Value]) -> list[Message]:
        name, transaction, *arguments = [*values, None, None][: max(2, len(values))]
        if name == "_error" and transaction in (CONNECT, CREATE, PUBLISH):
            raise Refused(self._said(arguments))
        if name == "_result" and transaction == CONNECT and self.phase is Phase.CONNECTING:
            self.phase = Phase.CREATING
            return [
                message.command("releaseStream", RELEASE, None, self._key),
                message.command("FCPublish", ANNOUNCE, None, self._key),
                message.command("createStream", CREATE, None),
            ]
        if name == "_result" and transaction == CREATE and self.phase is Phase.CREATING:
            return self._publish(arguments)
        if name == "onStatus":
            self._status(arguments)
        return []

    def _publish(self, arguments: list[amf.Value]) -> list[Message]:
        number = arguments[-1] if arguments else None
        if not isinstance(number, float) or not 0 < number < 1 << 32:
            raise Malformed("the far end gave no stream to publish on")
        self._stream, self.phase = int(number), Phase.PUBLISHING
        return [message.command("publish", PUBLISH, None, self._key, "live", stream=self._stream)]

    def _status(self, arguments: list[amf.Value]) -> None:
        info = arguments[-1] if arguments else None
        code = info.get("code") if isinstance(info, dict) else None
        if isinstance(info, dict) and info.get("level") == "error":
            raise Refused(self._said(arguments))
        if code == "NetStream.Publish.Start" and self.phase is Phase.PUBLISHING:
            self.phase = Phase.LIVE

    def _said(self, arguments: list[amf.Value]) -> str:
        """Why the answer is no, in the far end's words, on one line, without the key."""
        info = arguments[-1] if arguments else None
        words = (info.get("description") or info.get("code")) if isinstance(info, dict) else None
        text = words if isinstance(words, str) and words else "it gave no reason"
        text = "".join(letter for letter in text if letter.isprintable())[:LONGEST_SENTENCE]
        return f"the far end refused: {text.replace(self._key, '(the key)')}"
