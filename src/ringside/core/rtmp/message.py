"""Message: the atom of RTMP (Adobe RTMP 1.0, §5.4 to §7.1), and the few control messages that are sent.

Pure nouns: how a message is cut into chunks is in chunks.py; what it means is its reader's business.
"""

from dataclasses import dataclass
from enum import IntEnum

from ringside.core.rtmp import amf


class Type(IntEnum):
    """Message type ids that mean something to us (§5.4, §7.1)."""

    SET_CHUNK_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW_ACKNOWLEDGEMENT_SIZE = 5
    SET_PEER_BANDWIDTH = 6
    AUDIO = 8
    VIDEO = 9
    DATA_AMF3 = 15
    COMMAND_AMF3 = 17
    DATA_AMF0 = 18
    COMMAND_AMF0 = 20
    AGGREGATE = 22


STREAM_BEGIN, PING_REQUEST, PING_RESPONSE = 0, 6, 7  # user control events, §7.1.7
CONTROL_CHUNK_STREAM, COMMAND_CHUNK_STREAM, STATUS_CHUNK_STREAM = 2, 3, 5
DYNAMIC_LIMIT = 2  # §5.4.5


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `timestamp_ms` is the 32-bit value on the wire, `stream` the message stream id."""

    type: int
    body: bytes | bytearray
    timestamp_ms: int = 0
    stream: int = 0
    chunk_stream: int = CONTROL_CHUNK_STREAM

    def __repr__(self) -> str:
        return f"<Message type {self.type} at {self.timestamp_ms} ms {len(self.body)} B>"


def set_chunk_size(size: int) -> Message:
    """From now on our chunks carry `size` bytes (§5.4.1)."""
    return Message(Type.SET_CHUNK_SIZE, size.to_bytes(4))


def acknowledgement(received_bytes: int) -> Message:
    """`received_bytes` have arrived, modulo 2^32 (§5.4.3)."""
    return Message(Type.ACKNOWLEDGEMENT, (received_bytes & 0xFFFFFFFF).to_bytes(4))


def window_acknowledgement_size(size: int) -> Message:
    """Acknowledge every `size` bytes (§5.4.4)."""
    return Message(Type.WINDOW_ACKNOWLEDGEMENT_SIZE, size.to_bytes(4))


def set_peer_bandwidth(size: int) -> Message:
    """Have at most `size` bytes unacknowledged (§5.4.5)."""
    return Message(Type.SET_PEER_BANDWIDTH, size.to_bytes(4) + bytes([DYNAMIC_LIMIT]))


def user_control(event: int, payload: bytes) -> Message:
    """A user control event such as StreamBegin or PingResponse (§7.1.7)."""
    return Message(Type.USER_CONTROL, event.to_bytes(2) + payload)


def command(*values: amf.Value, stream: int = 0) -> Message:
    """A command in AMF0: name, transaction, command object, arguments (§7.1.1)."""
    chunk_stream = STATUS_CHUNK_STREAM if stream else COMMAND_CHUNK_STREAM
    return Message(Type.COMMAND_AMF0, amf.encode(*values), 0, stream, chunk_stream)


def on_status(level: str, code: str, description: str, stream: int) -> Message:
    """What became of a publish (§7.2.2): `level` is "status" or "error"."""
    info: dict[str, amf.Value] = {"level": level, "code": code, "description": description}
    return command("onStatus", 0, None, info, stream=stream)
