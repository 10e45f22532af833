"""H2: the shell of an HTTP/2 connection (RFC 9113), with the h2 library as its mind.

What enters: decrypted bytes, and streams that have something to say. What leaves: frames, gathered into one write of
at most `STEP` bytes; while the socket is full nothing is framed but what the protocol itself replies. The bytes of a
body are framed here, against the windows that the library keeps, since it would copy them four times; they are copied
once, into the write.

Everything that a client can make us do is bounded by the second, and what goes beyond is counted and ends the
connection: requests, streams opened and reset again (CVE-2023-44487), pings, settings, frames of any kind, and bytes
that come to nothing (a head in endless pieces, CVE-2024-27919).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from h2 import events as told
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hyperframe.frame import GoAwayFrame

from ringside.flow.relay.answer.request import MAX_HEAD
from ringside.flow.relay.answer.serve import Serve
from ringside.flow.relay.wire.blocks import NO_TABLE, Blocks, request_head
from ringside.flow.relay.wire.stream import Stream

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge
    from ringside.flow.relay.wire.certificate import Certificate
    from ringside.flow.relay.wire.tls import Secure

STEP = 128 * 1024  # bytes of bodies framed for one write
TURN = 32 * 1024  # bytes of a stream before the next has its turn
MAX_REPLIES = 128 * 1024  # bytes that wait for a client which asks and does not read
MAX_UNHEARD = 3 * MAX_HEAD  # bytes received since anything came of them
SECOND_NS = 1_000_000_000
A_SECOND: dict[type, int] = {told.StreamReset: 100, told.PingReceived: 50, told.RemoteSettingsChanged: 50}
FRAMES_A_SECOND = 5000
BLOCKS = Blocks()
CONFIG = H2Configuration(
    client_side=False, header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
)


class _Prepared:
    """Stands where the library has its HPACK encoder: the block is made already."""

    def __init__(self) -> None:
        self.header_table_size = 0  # as the client wishes; we use none
        self.block = b""
        self.first = NO_TABLE

    def encode(self, _: object) -> bytes:
        first, self.first = self.first, b""
        return first + self.block


class _Mind(H2Connection):
    """The library's state machine, with our bounds: longest head, and streams remembered after they have closed."""

    DEFAULT_MAX_HEADER_LIST_SIZE = MAX_HEAD
    MAX_CLOSED_STREAMS = 1024


class H2:
    """The streams of a connection that is `secure`. `streams`: those that are not yet over."""

    def __init__(self, secure: "Secure", edge: "Edge", certificate: "Certificate") -> None:
        self._secure = secure
        self._edge = edge
        self._certificate = certificate
        self._mind = _Mind(CONFIG)
        self._prepared = _Prepared()
        self._mind.encoder = cast(Any, self._prepared)
        self.streams: dict[int, Stream] = {}
        self._ready: dict[Stream, None] = {}  # those with something to frame, in turn
        self._last_id = -1  # once we have said that we are leaving: the last stream that is still answered
        self._over = False  # nothing may be said any more
        self._deferred = False  # nothing is written before all that came, or comes of it, is seen to
        self._replies = self._unheard = self._frames = self._asked = 0
        self._since_ns = edge.now_ns
        self._counts: dict[type, int] = {}

    def __repr__(self) -> str:
        return f"<H2 {len(self.streams)} streams {len(self._ready)} ready>"

    def begin(self) -> None:
        """Say what we allow."""
        self._mind.initiate_connection()
        self.pump()

    # What comes in

    def received(self, data: bytes) -> None:
        """Take decrypted bytes in, and answer what they ask."""
        if self._over:
            return
        self._unheard += len(data)
        try:
            events = self._mind.receive_data(data)
        except ProtocolError:
            self._certificate.failed += 1
            self._stop()  # the library has said why in a GOAWAY
            return
        if events:
            self._unheard = 0
        if self._unheard > MAX_UNHEARD or self._too_many(events):
            self._flood()
            return
        gone = {cast(Any, event).stream_id for event in events if type(event) is told.StreamReset}
        self._deferred = True
        for event in events:
            act = ACTS.get(type(event))
            if act is not None and not self._over and not (act is H2._requested and cast(Any, event).stream_id in gone):
                act(self, event)
        self._deferred = False
        self.pump()

    def _too_many(self, events: list[told.Event]) -> bool:
        edge, counts = self._edge, self._counts
        if edge.now_ns - self._since_ns >= SECOND_NS:
            self._since_ns = edge.now_ns
            self._frames = self._asked = 0
            counts.clear()
        self._frames += len(events)
        for event in events:
            kind = type(event)
            if kind is told.RequestReceived:
                self._asked += 1
            elif kind in A_SECOND:
                counts[kind] = counts.get(kind, 0) + 1
        edge.too_fast += self._asked > edge.rate
        return (
            self._asked > edge.rate
            or self._frames > FRAMES_A_SECOND
            or any(count > A_SECOND[kind] for kind, count in counts.items())
        )

    def _flood(self) -> None:
        self._certificate.floods += 1
        self.turn_away(429)

    def _requested(self, event: told.RequestReceived) -> None:
        number = event.stream_id
        heard = event.stream_ended is not None
        stream = Stream(self._edge, self, number, heard)
        if 0 <= self._last_id < number:
            self.reset(stream, ErrorCodes.REFUSED_STREAM)
            return
        self._secure.active_ns = self._edge.now_ns
        self.streams[number] = stream
        stream.ask(request_head(event.headers, heard))

    def _body(self, event: told.DataReceived) -> None:
        self._mind.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        stream = self.streams.get(event.stream_id)
        if stream is None:
            return
        stream.skipping -= len(event.data)
        if stream.skipping < 0:
            self.reset(stream, ErrorCodes.NO_ERROR)

    def _heard(self, event: told.StreamEnded) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.heard = True
            if stream.ending and stream not in self._ready:
                self._forget(stream)

    def _was_reset(self, event: told.StreamReset) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            self._forget(stream)

    def _terminated(self, _: told.ConnectionTerminated) -> None:
        self._stop()

    # What goes out

    def begin_answer(self, stream: Stream, serve: Serve, bare: bool) -> bool:
        """Write the head of an answer, which is all of it when `bare`; False when nobody listens any more."""
        edge = self._edge
        if self._over or stream.id not in self.streams:
            return False
        self._secure.active_ns = edge.now_ns
        self._prepared.block = BLOCKS.block(serve, edge.date)
        try:
            self._mind.send_headers(stream.id, [(b":status", b"%d" % serve.status)], end_stream=bare)
        except ProtocolError:
            self._forget(stream)
            return False
        if edge.draining:
            self._say_goodbye(ErrorCodes.NO_ERROR)
        if bare:
            stream.ending = True
            self._said(stream)
            self.pump()
        return True

    def ready(self, stream: Stream) -> None:
        """`stream` has something to say, or has said everything."""
        if self._over or stream.id not in self.streams:
            return
        self._ready[stream] = None
        self.pump()
        if stream in self._ready and not self._is_timed(stream):
            self._time(stream, stream.end - stream.at)

    def pump(self) -> None:
        """Write what there is to write and may be, until the socket is full."""
        if self._deferred or self._over:
            return
        secure = self._secure
        if secure.blocked:
            replies = self._mind.data_to_send()
            self._replies += len(replies)
            secure.put(replies)
            if self._replies > MAX_REPLIES:
                self._certificate.floods += 1
                secure.abort()
            return
        self._replies = 0
        while not self._over and (frames := self._gather()):
            secure.put(b"".join(frames))
            if secure.blocked:
                return
        if self._last_id >= 0 and not self.streams:
            self._stop()

    def _gather(self) -> list[bytes | memoryview]:
        """Frames for one write: some of each stream in turn, as windows allow (RFC 9113 §5.2)."""
        mind = self._mind
        frames: list[bytes | memoryview] = []
        replies = mind.data_to_send()
        if replies:
            frames.append(replies)
        room, going = STEP, True
        self._deferred = True
        while going and room > 0:
            going = False
            turn = room if len(self._ready) == 1 else TURN
            for stream in tuple(self._ready):
                size = min(turn, room, stream.end - stream.at, self._window(stream))
                if size > 0:
                    self._frame(stream, size, frames)
                    room -= size
                    going = True
                if stream.at == stream.end and not stream.more():
                    self._emptied(stream, frames)
        self._deferred = False
        return frames

    def _window(self, stream: Stream) -> int:
        mind = self._mind
        return min(mind.streams[stream.id].outbound_flow_control_window, mind.outbound_flow_control_window)

    def _frame(self, stream: Stream, size: int, frames: list[bytes | memoryview]) -> None:
        mind = self._mind
        try:
            piece = stream.take(size)
        except OSError:
            self._ready.pop(stream, None)
            self.reset(stream, ErrorCodes.INTERNAL_ERROR)
            return
        most, tail = mind.max_outbound_frame_size, b"\0\0" + stream.id.to_bytes(4, "big")
        for at in range(0, size, most):
            body = piece[at : at + most]
            frames.append(len(body).to_bytes(3, "big") + tail)
            frames.append(body)
        mind.streams[stream.id].outbound_flow_control_window -= size
        mind.outbound_flow_control_window -= size
        del self._ready[stream]
        self._ready[stream] = None

    def _emptied(self, stream: Stream, frames: list[bytes | memoryview]) -> None:
        """Nothing of `stream` is left to be framed: for now, or for good."""
        self._ready.pop(stream, None)
        self._untime(stream)
        if not stream.ending or stream.id not in self.streams:
            return
        self._mind.end_stream(stream.id)
        frames.append(self._mind.data_to_send())
        self._said(stream)

    # Streams that end

    def _said(self, stream: Stream) -> None:
        """The answer is complete. The rest of a request that is still coming is read past, or declined."""
        if stream.heard:
            self._forget(stream)
        elif stream.skipping > 0:
            self._time(stream, stream.skipping)
        else:
            self.reset(stream, ErrorCodes.NO_ERROR)

    def reset(self, stream: Stream, code: ErrorCodes) -> None:
        """End a stream before its time."""
        if not self._over:
            try:
                self._mind.reset_stream(stream.id, code)
            except ProtocolError:
                pass  # it has ended already
        self._forget(stream)
        self.pump()

    def _forget(self, stream: Stream) -> None:
        stream.let_go()
        self.streams.pop(stream.id, None)
        self._ready.pop(stream, None)
        self._untime(stream)
        self._edge.left(stream.viewer)
        self._secure.events = bool(self.streams) and all(other.events for other in self.streams.values())

    def _time(self, stream: Stream, size: int) -> None:
        """From now on its reader may be too slow."""
        stream.deadline_ns = self._edge.slow_after_ns(size)
        self._edge.blocked[stream.viewer] = None

    def _is_timed(self, stream: Stream) -> bool:
        return stream.viewer in self._edge.blocked

    def _untime(self, stream: Stream) -> None:
        self._edge.blocked.pop(stream.viewer, None)

    # The connection's end

    def _say_goodbye(self, code: ErrorCodes) -> None:
        """Name the last stream that is answered; the client asks for others elsewhere (RFC 9113 §6.8)."""
        if self._last_id >= 0 or self._over:
            return
        self._last_id = self._mind.highest_inbound_stream_id
        frame = GoAwayFrame(0, last_stream_id=self._last_id, error_code=code)
        self._secure.put(self._mind.data_to_send() + frame.serialize())

    def finished(self) -> bool:
        """Ask for nothing more; whether all is said. Event streams end now."""
        self._say_goodbye(ErrorCodes.NO_ERROR)
        for stream in [stream for stream in self.streams.values() if stream.events]:
            stream.finish_and_close()
        return self._over or not self.streams

    def leave(self) -> None:
        """End the endless ones of its streams."""
        for stream in tuple(self.streams.values()):
            stream.leave()

    def turn_away(self, status: int) -> None:
        """Close the connection without answering: 429 to who asks too much."""
        self._edge.counts[status] += 1
        self._say_goodbye(ErrorCodes.ENHANCE_YOUR_CALM if status == 429 else ErrorCodes.NO_ERROR)
        self._stop()

    def _stop(self) -> None:
        """Say what is to be said, and close."""
        if self._over:
            return
        self._secure.put(self._mind.data_to_send())
        self.lost()
        self._secure.close_linger()

    def lost(self) -> None:
        """The connection is gone, or as good as gone: nobody waits for anything."""
        self._over = True
        for stream in tuple(self.streams.values()):
            self._forget(stream)


ACTS: dict[type, Callable[[H2, Any], None]] = {
    told.RequestReceived: H2._requested,
    told.DataReceived: H2._body,
    told.StreamEnded: H2._heard,
    told.StreamReset: H2._was_reset,
    told.ConnectionTerminated: H2._terminated,
}
