"""The RTMP chunk stream (Adobe RTMP 1.0, §5.3): messages cut into chunks, interleaved, and put together again.

Bytes enter and messages leave, or the reverse. SetChunkSize and Abort belong to this layer and are obeyed here;
what other messages mean is not known here. A length that is announced costs nothing: memory grows only with bytes
that have arrived, and `Limits` bounds it over all chunk streams of a connection together.
"""

from dataclasses import dataclass, field

from ringside.core.rtmp.errors import Malformed
from ringside.core.rtmp.message import Message, Type

DEFAULT_CHUNK_BYTES = 128
MAX_CHUNK_BYTES = 65536
EXTENDED = 0xFFFFFF  # the 24-bit timestamp that says: 32 bits follow, §5.3.1.3
HEADER_BYTES = (11, 7, 3, 0)  # of the message header, by chunk type, §5.3.1.2


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may cost."""

    message_bytes: int = 4 << 20
    assembly_bytes: int = 6 << 20  # of unfinished messages, all chunk streams together
    chunk_streams: int = 64


@dataclass(slots=True)
class _ChunkStream:
    timestamp_ms: int = 0
    step: int = 0  # the timestamp field last sent: what a type 3 header repeats
    extended: bool = False
    length: int = 0
    type: int = 0
    stream: int = 0
    body: bytearray | None = None  # the message under way


@dataclass(slots=True)
class _Header:
    chunk_stream: int
    kind: int
    end: int = 0  # where the payload begins in the buffer
    state: _ChunkStream = field(default_factory=_ChunkStream)


class Reader:
    """Takes bytes by `feed`, gives whole messages by `next`. Raises Malformed, after which it is of no use."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.chunk_bytes = DEFAULT_CHUNK_BYTES
        self._buffer = bytearray()
        self._at = 0
        self._streams: dict[int, _ChunkStream] = {}
        self._assembling = 0

    @property
    def held_bytes(self) -> int:
        """Bytes held at this moment, unread and unfinished ones together."""
        return len(self._buffer) + self._assembling

    def feed(self, data: bytes) -> None:
        """Append what arrived."""
        del self._buffer[: self._at]
        self._at = 0
        self._buffer += data

    def next(self) -> Message | None:
        """The next whole message that is not the chunk layer's own; None when more bytes are needed."""
        while (header := self._header()) is not None:
            state = header.state
            wanted = min(self.chunk_bytes, state.length - len(state.body or b""))
            if len(self._buffer) < header.end + wanted:
                return None
            message = self._take(header, wanted)
            if message is not None and not self._obey(message):
                return message
        return None

    def _take(self, header: _Header, wanted: int) -> Message | None:
        state = header.state
        self._streams[header.chunk_stream] = state
        if state.body is None:
            state.body = bytearray()
        if self._assembling + wanted > self.limits.assembly_bytes:
            raise Malformed(f"unfinished messages hold more than {self.limits.assembly_bytes} bytes")
        state.body += memoryview(self._buffer)[header.end : header.end + wanted]
        self._assembling += wanted
        self._at = header.end + wanted
        if len(state.body) < state.length:
            return None
        body, state.body = state.body, None
        self._assembling -= len(body)
        return Message(state.type, body, state.timestamp_ms, state.stream, header.chunk_stream)

    def _obey(self, message: Message) -> bool:
        """Carry out the chunk layer's own messages, §5.4.1 and §5.4.2; False for all others."""
        if message.type not in (Type.SET_CHUNK_SIZE, Type.ABORT):
            return False
        if len(message.body) < 4:
            raise Malformed("a protocol control message is shorter than 4 bytes")
        value = int.from_bytes(message.body[:4])
        if message.type == Type.SET_CHUNK_SIZE:
            if not 1 <= value <= MAX_CHUNK_BYTES:
                raise Malformed(f"chunk size {value} is not between 1 and {MAX_CHUNK_BYTES}")
            self.chunk_bytes = value
        elif (aborted := self._streams.get(value)) is not None and aborted.body is not None:
            self._assembling -= len(aborted.body)
            aborted.body = None
        return True

    def _header(self) -> _Header | None:
        """The header at the front, with the state its chunk stream will have; None while it is incomplete."""
        header = self._basic_header()
        if header is None:
            return None
        known = self._streams.get(header.chunk_stream)
        self._check_order(header, known)
        size = HEADER_BYTES[header.kind]
        fields = self._buffer[header.end : header.end + size]
        if len(fields) < size:
            return None
        header.end += size
        if header.kind == 3:
            assert known is not None
            return self._repeated(header, known)
        return self._changed(header, known or _ChunkStream(), bytes(fields))

    def _basic_header(self) -> _Header | None:
        front = self._buffer[self._at : self._at + 3]
        if not front:
            return None
        kind, number = front[0] >> 6, front[0] & 0x3F
        extra = (1, 2)[number] if number < 2 else 0
        if len(front) < 1 + extra:
            return None
        if extra:
            number = 64 + int.from_bytes(front[1 : 1 + extra], "little")
        return _Header(number, kind, self._at + 1 + extra)

    def _check_order(self, header: _Header, known: _ChunkStream | None) -> None:
        if known is None:
            # Type 1 may come first: librtmp opens a chunk stream with it.
            if header.kind > 1:
                raise Malformed(f"chunk stream {header.chunk_stream} begins with a type {header.kind} header")
            if len(self._streams) >= self.limits.chunk_streams:
                raise Malformed(f"more than {self.limits.chunk_streams} chunk streams are open")
        elif known.body is not None and header.kind != 3:
            raise Malformed("a new message begins inside an unfinished one")

    def _changed(self, header: _Header, before: _ChunkStream, fields: bytes) -> _Header | None:
        """A header of type 0, 1 or 2."""
        step = int.from_bytes(fields[:3])
        extended = step == EXTENDED
        if extended:
            raw = self._buffer[header.end : header.end + 4]
            if len(raw) < 4:
                return None
            step = int.from_bytes(raw)
            header.end += 4
        base = 0 if header.kind == 0 else before.timestamp_ms
        header.state = _ChunkStream(
            timestamp_ms=(base + step) & 0xFFFFFFFF,
            step=step,
            extended=extended,
            length=int.from_bytes(fields[3:6]) if header.kind < 2 else before.length,
            type=fields[6] if header.kind < 2 else before.type,
            stream=int.from_bytes(fields[7:11], "little") if header.kind == 0 else before.stream,
        )
        self._check_length(header.state.length)
        return header

    def _repeated(self, header: _Header, before: _ChunkStream) -> _Header | None:
        """A header of type 3: the next chunk of a message, or a new message like the last."""
        if before.extended:
            raw = self._buffer[header.end : header.end + 4]
            if len(raw) < 4:
                return None
            # The field is repeated here by the spec, and left out by some encoders (§5.3.1.3).
            if int.from_bytes(raw) == before.step:
                header.end += 4
        header.state = before
        if before.body is None:
            self._check_length(before.length)
            timestamp_ms = (before.timestamp_ms + before.step) & 0xFFFFFFFF
            header.state = _ChunkStream(
                timestamp_ms, before.step, before.extended, before.length, before.type, before.stream
            )
        return header

    def _check_length(self, length: int) -> None:
        if length > self.limits.message_bytes:
            raise Malformed(f"a message of {length} bytes is announced; at most {self.limits.message_bytes} are taken")


class Writer:
    """Cuts messages into chunks with the shortest header that the one before allows (§5.3.1.2)."""

    def __init__(self, chunk_bytes: int = DEFAULT_CHUNK_BYTES) -> None:
        self.chunk_bytes = chunk_bytes
        self._last: dict[int, _ChunkStream] = {}

    def write(self, message: Message) -> bytes:
        """The chunks of one message, one after another."""
        last = self._last.get(message.chunk_stream)
        kind, step = self._kind(message, last)
        extended = step >= EXTENDED
        tail = step.to_bytes(4) if extended else b""
        fields = min(step, EXTENDED).to_bytes(3) + len(message.body).to_bytes(3) + bytes([message.type])
        fields += message.stream.to_bytes(4, "little")
        chunks = [self._basic(kind, message.chunk_stream), fields[: HEADER_BYTES[kind]], tail]
        chunks.append(bytes(message.body[: self.chunk_bytes]))
        for at in range(self.chunk_bytes, len(message.body), self.chunk_bytes):
            chunks += [self._basic(3, message.chunk_stream), tail, bytes(message.body[at : at + self.chunk_bytes])]
        self._last[message.chunk_stream] = _ChunkStream(
            message.timestamp_ms, step, extended, len(message.body), message.type, message.stream
        )
        if message.type == Type.SET_CHUNK_SIZE:
            self.chunk_bytes = int.from_bytes(message.body[:4])
        return b"".join(chunks)

    @staticmethod
    def _kind(message: Message, last: _ChunkStream | None) -> tuple[int, int]:
        """The chunk type and its timestamp field."""
        if last is None or last.stream != message.stream or message.timestamp_ms < last.timestamp_ms:
            return 0, message.timestamp_ms
        step = message.timestamp_ms - last.timestamp_ms
        if (len(message.body), message.type) != (last.length, last.type):
            return 1, step
        return (3 if step == last.step else 2), step

    @staticmethod
    def _basic(kind: int, chunk_stream: int) -> bytes:
        if chunk_stream < 64:
            return bytes([kind << 6 | chunk_stream])
        if chunk_stream < 320:
            return bytes([kind << 6, chunk_stream - 64])
        return bytes([kind << 6 | 1]) + (chunk_stream - 64).to_bytes(2, "little")
