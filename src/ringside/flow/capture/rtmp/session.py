"""One connection of an RTMP publisher, as a state machine (Adobe RTMP 1.0, §7.2; Enhanced RTMP v2 media).

Bytes and the time enter by `receive`, the time alone by `tick`; actions leave for the shell to carry out. It knows
no socket, no clock and no decoder. Commands and the phases in which each may come are a table. A connection costs
little until its key has been checked: before, messages are small and few (`STRANGER`), afterwards `PUBLISHER`.
"""

from collections.abc import Callable
from enum import Enum

from ringside.core.rtmp import amf, message
from ringside.core.rtmp.chunks import Limits, Reader, Writer
from ringside.core.rtmp.errors import Malformed, PeerError, Refused
from ringside.core.rtmp.message import Message, Type
from ringside.flow.capture.coded.unit import Unit
from ringside.flow.capture.rtmp import flv
from ringside.flow.capture.rtmp.actions import (
    WRAP_NS,
    Action,
    Close,
    Media,
    Published,
    Send,
    Spoiled,
    Unpublished,
)
from ringside.flow.capture.rtmp.door import Door
from ringside.flow.capture.rtmp.handshake import Handshake

STRANGER = Limits(message_bytes=16 << 10, assembly_bytes=24 << 10, chunk_streams=8)
PUBLISHER = Limits()
STRANGER_BYTES = 32 << 10  # all that may come before publishing: ffmpeg and OBS need 4 kB
WINDOW_BYTES = 2_500_000
NS_PER_S = 1_000_000_000
PUBLISH_STREAM = 1


class Phase(Enum):
    """Where a connection is; the value completes "it ... in time" when it stays there too long."""

    SHAKING = "did not complete the handshake"
    GREETED = "did not connect to an application"
    CONNECTED = "did not publish"
    PUBLISHING = "sent no media"
    CLOSED = "closed"


PATIENCE_S = {Phase.SHAKING: 5, Phase.GREETED: 5, Phase.CONNECTED: 5, Phase.PUBLISHING: 10, Phase.CLOSED: 0}


class Session:
    """A publisher's connection. `entropy` is the random part of the handshake, `codecs` what can be decoded."""

    def __init__(self, door: Door, codecs: frozenset[str], entropy: bytes, now_ns: int) -> None:
        self.phase = Phase.SHAKING
        self.media_messages = 0
        self._door = door
        self._codecs = codecs
        self._handshake = Handshake(entropy)
        self._reader = Reader(STRANGER)
        self._writer = Writer()
        self._busy = False
        self._received = self._acknowledged = 0
        self._peer_window = WINDOW_BYTES
        self._actions: list[Action] = []
        self._now_ns = now_ns
        self._enter(Phase.SHAKING)

    def __repr__(self) -> str:
        return f"<Session {self.phase.name.lower()} {self._received} B, {self.media_messages} media messages>"

    @property
    def held_bytes(self) -> int:
        """What the peer has made us keep at this moment."""
        return self._reader.held_bytes

    def receive(self, data: bytes, now_ns: int, busy: bool = False) -> list[Action]:
        """Bytes came. `busy`: somebody else publishes and is not to be replaced."""
        self._now_ns, self._busy = now_ns, busy
        if self.phase is not Phase.CLOSED:
            try:
                self._consume(data)
            except PeerError as error:
                self._close(str(error), fault=True)
        return self._collect()

    def tick(self, now_ns: int) -> list[Action]:
        """Time passed: a connection that keeps us waiting is closed."""
        if self.phase is not Phase.CLOSED and now_ns >= self.deadline_ns:
            self._close(f"it {self.phase.value} for {PATIENCE_S[self.phase]} s", fault=True)
        return self._collect()

    def dismiss(self, reason: str) -> list[Action]:
        """The connection has to go, and the peer has done nothing wrong."""
        if self.phase is Phase.PUBLISHING:
            self._status("error", "NetStream.Publish.BadName", reason)
        self._close(reason, fault=False)
        return self._collect()

    def lost(self) -> list[Action]:
        """The connection broke or was shut down by the peer."""
        self._close("the connection was lost", fault=False)
        return self._collect()

    # Bytes to messages

    def _consume(self, data: bytes) -> None:
        if self.phase is not Phase.PUBLISHING:
            room = STRANGER_BYTES - self._received
            self._take(data[:room])
            data = data[room:]
            if data and self.phase not in (Phase.PUBLISHING, Phase.CLOSED):
                raise Malformed(f"it sent more than {STRANGER_BYTES} bytes without publishing")
        if data and self.phase is Phase.PUBLISHING:
            self._take(data)
        self._acknowledge()

    def _take(self, data: bytes) -> None:
        self._received += len(data)
        if self.phase is Phase.SHAKING:
            answer, data = self._handshake.feed(data)
            if answer:
                self._actions.append(Send(answer))
            if not self._handshake.done:
                return
            self._enter(Phase.GREETED)
        self._reader.feed(data)
        while self.phase is not Phase.CLOSED and (received := self._reader.next()) is not None:
            handler = _HANDLERS.get(received.type)
            if handler is not None:
                handler(self, received)

    def _acknowledge(self) -> None:
        if self._received - self._acknowledged >= self._peer_window and self.phase is not Phase.CLOSED:
            self._acknowledged = self._received
            self._send(message.acknowledgement(self._received))

    def _window(self, received: Message) -> None:
        self._peer_window = max(1, int.from_bytes(received.body[:4]))

    def _user_control(self, received: Message) -> None:
        if int.from_bytes(received.body[:2]) == message.PING_REQUEST:
            self._send(message.user_control(message.PING_RESPONSE, bytes(received.body[2:6])))

    def _refuse_aggregate(self, received: Message) -> None:
        raise Refused("aggregate messages are not supported; send audio and video messages")

    # Media

    def _media(self, received: Message) -> None:
        if self.phase is not Phase.PUBLISHING:
            raise Malformed("media came before it was allowed to publish")
        parse = flv.video if received.type == Type.VIDEO else flv.audio
        self._enter(Phase.PUBLISHING)
        self.media_messages += 1
        try:
            unit = parse(received.body)
            if unit is not None and unit.codec not in self._codecs:
                raise Refused(f"{flv.NAMES[unit.codec]} cannot be decoded on this machine; send H.264 and AAC")
        except Malformed as error:
            self._actions.append(Spoiled(str(error)))
            return
        except Refused as error:
            self._status("error", "NetStream.Publish.Rejected", str(error))
            raise
        if unit is not None:
            offset_ns = unit.offset_ns if isinstance(unit, Unit) else 0
            self._actions.append(Media(unit, (received.timestamp_ms * 1_000_000 + offset_ns) % WRAP_NS))

    # Commands

    def _command(self, received: Message) -> None:
        body = bytes(received.body)
        if received.type == Type.COMMAND_AMF3:
            body = body[1:]  # the byte says which AMF the command itself is in: 0
        values = amf.decode(body)
        if not values or not isinstance(values[0], str):
            raise Malformed("a command has no name")
        name, transaction, arguments = values[0], values[1] if len(values) > 1 else 0, values[2:]
        if not isinstance(transaction, float):
            transaction = 0.0
        handler, phases = _COMMANDS.get(name, (Session._unknown, frozenset(Phase)))
        if self.phase not in phases:
            raise Malformed(f"{name} came at the wrong moment ({self.phase.name.lower()})")
        handler(self, transaction, arguments)

    def _connect(self, transaction: float, arguments: list[amf.Value]) -> None:
        properties = arguments[0] if arguments else None
        app = properties.get("app") if isinstance(properties, dict) else None
        try:
            self._door.check_app(app if isinstance(app, str) else "")
        except Refused as refusal:
            info = _info("error", "NetConnection.Connect.Rejected", str(refusal))
            self._send(message.command("_error", transaction, None, info))
            raise
        self._enter(Phase.CONNECTED)
        self._send(message.window_acknowledgement_size(WINDOW_BYTES))
        self._send(message.set_peer_bandwidth(WINDOW_BYTES))
        self._send(message.user_control(message.STREAM_BEGIN, bytes(4)))
        info = _info("status", "NetConnection.Connect.Success", "connected") | {"objectEncoding": 0}
        self._send(message.command("_result", transaction, _server(self._codecs), info))

    def _allow(self, transaction: float, arguments: list[amf.Value]) -> None:
        self._send(message.command("_result", transaction, None, None))

    def _create_stream(self, transaction: float, arguments: list[amf.Value]) -> None:
        self._send(message.command("_result", transaction, None, PUBLISH_STREAM))

    def _publish(self, transaction: float, arguments: list[amf.Value]) -> None:
        key = arguments[1] if len(arguments) > 1 else None
        try:
            self._door.check_key(key if isinstance(key, str) else "")
            if self._busy:
                raise Refused("somebody else is already publishing")
        except Refused as refusal:
            self._status("error", "NetStream.Publish.BadName", str(refusal))
            raise
        self._reader.limits = PUBLISHER
        self._enter(Phase.PUBLISHING)
        self._send(message.user_control(message.STREAM_BEGIN, PUBLISH_STREAM.to_bytes(4)))
        self._status("status", "NetStream.Publish.Start", "publishing")
        self._actions.append(Published())

    def _unpublish(self, transaction: float, arguments: list[amf.Value]) -> None:
        if self.phase is Phase.PUBLISHING:
            self._status("status", "NetStream.Unpublish.Success", "no longer publishing")
        self._close("the publisher stopped", fault=False)

    def _play(self, transaction: float, arguments: list[amf.Value]) -> None:
        self._status("error", "NetStream.Play.Failed", "this server takes streams and plays none over RTMP")
        raise Refused("it asked to play; this server takes streams and plays none over RTMP")

    def _unknown(self, transaction: float, arguments: list[amf.Value]) -> None:
        if transaction:
            info = _info("error", "NetConnection.Call.Failed", "there is no such command")
            self._send(message.command("_error", transaction, None, info))

    def _answer(self, transaction: float, arguments: list[amf.Value]) -> None:
        """An answer to a call: we make none."""

    # What leaves

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.deadline_ns = self._now_ns + PATIENCE_S[phase] * NS_PER_S

    def _send(self, sent: Message) -> None:
        self._actions.append(Send(self._writer.write(sent)))

    def _status(self, level: str, code: str, description: str) -> None:
        self._send(message.on_status(level, code, description, PUBLISH_STREAM))

    def _close(self, reason: str, fault: bool) -> None:
        if self.phase is Phase.CLOSED:
            return
        if self.phase is Phase.PUBLISHING:
            self._actions.append(Unpublished(reason))
        self._enter(Phase.CLOSED)
        self._reader = Reader(STRANGER)
        self._actions.append(Close(reason, fault))

    def _collect(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions


def _info(level: str, code: str, description: str) -> dict[str, amf.Value]:
    return {"level": level, "code": code, "description": description}


def _server(codecs: frozenset[str]) -> dict[str, amf.Value]:
    """What we are and what we decode (Enhanced RTMP v2, "Enhancing NetConnection connect Command")."""
    can_decode = 1
    video: dict[str, amf.Value] = {
        code.decode(): can_decode for code, codec in flv.VIDEO_FOURCC.items() if codec in codecs
    }
    audio: dict[str, amf.Value] = {
        code.decode(): can_decode for code, codec in flv.AUDIO_FOURCC.items() if codec in codecs
    }
    return {
        "fmsVer": "FMS/3,0,1,123",
        "capabilities": 31,
        "videoFourCcInfoMap": video,
        "audioFourCcInfoMap": audio,
    }


_HANDLERS: dict[int, Callable[[Session, Message], None]] = {
    Type.USER_CONTROL: Session._user_control,
    Type.WINDOW_ACKNOWLEDGEMENT_SIZE: Session._window,
    Type.AUDIO: Session._media,
    Type.VIDEO: Session._media,
    Type.COMMAND_AMF0: Session._command,
    Type.COMMAND_AMF3: Session._command,
    Type.AGGREGATE: Session._refuse_aggregate,
}

_CONNECTED = frozenset({Phase.CONNECTED})
_STREAMING = frozenset({Phase.CONNECTED, Phase.PUBLISHING})
_COMMANDS: dict[str, tuple[Callable[[Session, float, list[amf.Value]], None], frozenset[Phase]]] = {
    "connect": (Session._connect, frozenset({Phase.GREETED})),
    "releaseStream": (Session._allow, _CONNECTED),
    "FCPublish": (Session._allow, _CONNECTED),
    "createStream": (Session._create_stream, _CONNECTED),
    "publish": (Session._publish, _CONNECTED),
    "FCUnpublish": (Session._allow, _STREAMING),
    "deleteStream": (Session._unpublish, _STREAMING),
    "closeStream": (Session._unpublish, _STREAMING),
    "play": (Session._play, _STREAMING),
    "play2": (Session._play, _STREAMING),
    "_checkbw": (Session._allow, _STREAMING),
    "_result": (Session._answer, frozenset(Phase)),
    "_error": (Session._answer, frozenset(Phase)),
    "onStatus": (Session._answer, frozenset(Phase)),
}
