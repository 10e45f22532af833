"""Remote: the feed over HTTP, for edges on other machines: one connection, and everything on it.

What enters: connections whose first request is `GET /feed`, and what the hub tells. What leaves: a 200 that ends with
the connection, in it the snapshot with its bytes, Synced, and every change; a Beat where a second passed in silence.
Who asks for `/feed?turns` is told after Synced, and after each batch of changes, which Turn that was. Who has been
cut off asks for `/feed?since=EPOCH.NUMBER`, of the last turn it has whole, and is told that Turn, the turns after it,
Synced and the newest Turn, as long as we remember them; else all that exists, as anyone who comes for the first time.
Media goes from its memfd by sendfile(2) and is never in Python's hands. What a reader has still to take is bounded:
who takes nothing for ten seconds, or falls too far behind, is cut off and counted; it comes back.
"""

import asyncio
import contextlib
import hmac
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from ringside.core.clock import Clock
from ringside.core.feed import Beat, Synced, encode
from ringside.flow.relay.feed.pieces import Piece, ended, pieces, spent
from ringside.flow.relay.feed.shelf import Shelf, Told
from ringside.flow.relay.feed.turns import Asked, Ring, asked

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/vnd.ringside.feed"
MAX_FEEDS = 64
STALLED_NS = 10_000_000_000
BEAT_NS = 1_000_000_000
TICK_S = 0.2
TURN_BYTES = 4 << 20  # sent to one reader before others have their turn
MAX_FRAMES_BYTES = 64 << 20  # of changes, media aside, that one reader leaves waiting
MAX_MEDIA_BYTES = 512 << 20  # of media in changes that one reader leaves waiting
DEAD_MS = 15_000  # without an acknowledgement the kernel gives a connection up

HEAD = (
    f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nCache-Control: no-store\r\n"
    "X-Accel-Buffering: no\r\nConnection: close\r\n\r\n"
).encode()


def asks_for_feed(data: bytes) -> bool:
    """Whether a connection handed over with `data` wants the feed; if not, it is a publisher's."""
    return data.startswith((b"GET /feed ", b"GET /feed?"))


def refuse(sock: socket.socket, status: int, sentence: str) -> None:
    """Answer a connection that was handed over with one sentence, and close it."""
    body = f"{sentence}\n".encode()
    more = {401: "WWW-Authenticate: Bearer\r\n", 503: "Retry-After: 1\r\n"}.get(status, "")
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n{more}"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        sock.send(head.encode() + body)
        sock.shutdown(socket.SHUT_WR)
    sock.close()


def bearer(data: bytes) -> bytes:
    """The token in the Authorization field of a request's head; empty without one."""
    for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"authorization":
            scheme, _, token = value.strip().partition(b" ")
            return token.strip() if scheme.lower() == b"bearer" else b""
    return b""


class Reader:
    """One edge that reads the feed, by `turns` or not. `on_lost(reader, reason)` is called once, unless `close` was."""

    def __init__(
        self,
        sock: socket.socket,
        snapshot: Iterator[Piece],
        clock: Clock,
        on_lost: Callable[["Reader", str], None],
        turns: bool = False,
    ) -> None:
        self.turns = turns
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._clock = clock
        self._on_lost = on_lost
        self._snapshot = snapshot
        self._changes: deque[Piece] = deque()
        self._data = memoryview(HEAD)
        self._media: Piece | None = None
        self._at = 0
        self._watching = False
        self.closed = False
        self.frames_bytes = self.media_bytes = 0  # of changes that wait
        self.sent_bytes = 0
        self.moved_ns = clock.now_ns()
        sock.setblocking(False)
        with contextlib.suppress(OSError):  # not every connection is TCP
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_MS)
        self._loop.add_reader(sock.fileno(), self._heard)

    def __repr__(self) -> str:
        return f"<Reader {self.behind_bytes} B behind>"

    @property
    def behind_bytes(self) -> int:
        """Of changes that wait to be sent."""
        return self.frames_bytes + self.media_bytes

    @property
    def waits(self) -> bool:
        """Whether it has to take something before it can be sent more."""
        return self._watching

    def tell(self, changes: Iterable[Piece]) -> None:
        """Send, now or when what was told before has been taken."""
        if self.closed:
            return
        for piece in changes:
            self._changes.append(piece)
            self.frames_bytes += len(piece.frames)
            self.media_bytes += piece.end - piece.first
        if self.frames_bytes > MAX_FRAMES_BYTES or self.media_bytes > MAX_MEDIA_BYTES:
            self.lose(f"{self.behind_bytes} bytes were not read")
        elif not self._watching:
            self.flush()

    def flush(self) -> None:
        """Send what there is, as far as the socket takes it; the rest when it takes more."""
        before = self.sent_bytes
        try:
            while self.sent_bytes - before < TURN_BYTES and self._has_more():
                self._send()
            full = self._has_more()
        except BlockingIOError:
            full = True
        except OSError as error:
            self.lose(error.strerror or str(error))
            return
        if self.sent_bytes > before or not self._watching:
            self.moved_ns = self._clock.now_ns()
        self._watch(full)

    def lose(self, reason: str) -> None:
        """Cut it off, and say why."""
        if not self.closed:
            self.close()
            self._on_lost(self, reason)

    def close(self) -> None:
        """Cut it off without a word."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._socket.fileno())
        self._watch(False)
        self._socket.close()
        self._changes.clear()
        self._snapshot = iter(())
        self._media = None

    def _watch(self, full: bool) -> None:
        if full and not self._watching:
            self._loop.add_writer(self._socket.fileno(), self.flush)
        elif self._watching and not full:
            self._loop.remove_writer(self._socket.fileno())
        self._watching = full

    def _has_more(self) -> bool:
        if self._data or self._media is not None:
            return True
        piece = next(self._snapshot, None)
        if piece is None and self._changes:
            piece = self._changes.popleft()
            self.frames_bytes -= len(piece.frames)
            self.media_bytes -= piece.end - piece.first
        if piece is None:
            return False
        self._data = memoryview(piece.frames)
        if piece.memory is not None:
            self._media, self._at = piece, piece.first
        return True

    def _send(self) -> None:
        media = self._media
        if self._data:
            sent = self._socket.send(self._data, 0 if media is None else socket.MSG_MORE)
            self._data = self._data[sent:]
        else:
            assert media is not None
            assert media.memory is not None
            sent = os.sendfile(self._socket.fileno(), media.memory.fd, self._at, media.end - self._at)
            if not sent:
                raise OSError("a blob ends early")
            self._at += sent
            if self._at == media.end:
                self._media = None
        self.sent_bytes += sent

    def _heard(self) -> None:
        try:
            data = self._socket.recv(4096)
        except BlockingIOError:
            return
        except OSError as error:
            self.lose(error.strerror or str(error))
            return
        self.lose("it asked for more on the same connection" if data else "the other end closed it")


class Readers:
    """All edges that read the feed of this process, at most 64. `token`: what they must show; empty: nothing."""

    def __init__(self, clock: Clock, token: str = "") -> None:
        self._clock = clock
        self._token = token
        self._readers: dict[Reader, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._spoke_ns = 0
        self._sent_bytes = 0  # to those who are gone
        self.ring = Ring(clock.now_ns())
        self.fed = self.resumed = self.refused = self.cut_off = 0

    def __repr__(self) -> str:
        return f"<Readers {len(self._readers)}>"

    def __len__(self) -> int:
        return len(self._readers)

    def describe(self) -> dict[str, Any]:
        """For the status page, JSON-ready: counts since the process began, and bytes."""
        return {
            "feeds": len(self._readers),
            "fed": self.fed,
            "resumed": self.resumed,
            "refused": self.refused,
            "cut_off": self.cut_off,
            "sent_bytes": self._sent_bytes + sum(reader.sent_bytes for reader in self._readers),
            "behind_bytes": max((reader.behind_bytes for reader in self._readers), default=0),
        }

    def add(self, sock: socket.socket, data: bytes, shelf: Shelf) -> None:
        """Feed a connection whose request is `data`, or refuse it: 401 without the token, 503 beyond 64."""
        if self._token and not hmac.compare_digest(bearer(data), self._token.encode()):
            self.refuse(sock, 401, "the feed needs the feed token")
        elif len(self._readers) >= MAX_FEEDS:
            self.refuse(sock, 503, f"{MAX_FEEDS} edges are fed here already")
        else:
            self._begin(sock, shelf, asked(data))

    def refuse(self, sock: socket.socket, status: int, sentence: str) -> None:
        """Answer with one sentence, and count it."""
        self.refused += 1
        log.warning("an edge was refused the feed: %s", sentence)
        refuse(sock, status, sentence)

    def tell(self, told: Iterable[Told]) -> None:
        """Tell every reader the same; it is one turn."""
        changes = list(pieces(told))
        if not changes:
            return
        now_ns = self._clock.now_ns()
        turn = ended(changes, self.ring.next)
        self.ring.put(turn, now_ns)
        if self._readers:
            self._spoke_ns = now_ns
            for reader in tuple(self._readers):
                reader.tell(turn if reader.turns else changes)

    def close(self) -> None:
        """Cut all of them off: there is another feed to begin with, in an epoch of its own, or none."""
        self.ring = Ring(max(self._clock.now_ns(), self.ring.turn.epoch + 1))
        for reader in self._readers:
            self._sent_bytes += reader.sent_bytes
            reader.close()
        self._readers.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, sock: socket.socket, shelf: Shelf, wish: Asked) -> None:
        reader = Reader(sock, self._all(shelf, wish), self._clock, self._lost, wish.turns)
        self._readers[reader] = None
        self.fed += 1
        log.info("an edge is fed: %d in all", len(self._readers))
        if self._timer is None:
            self._timer = reader._loop.call_later(TICK_S, self._tick)
        reader.flush()

    def _all(self, shelf: Shelf, wish: Asked) -> Iterator[Piece]:
        """What `wish` has to be told so that it has all that exists."""
        end = [Told(Synced(shelf.media_ns)), *([Told(self.ring.turn)] if wish.turns else [])]
        missed = None if wish.since is None else self.ring.since(wish.since)
        if wish.since is None or missed is None:
            return pieces(spent([*shelf.told(), *end]))
        self.resumed += 1
        return spent([Piece(encode(wish.since)), *missed, *pieces(end)])

    def _lost(self, reader: Reader, reason: str) -> None:
        self._readers.pop(reader, None)
        self._sent_bytes += reader.sent_bytes
        self.cut_off += reason.endswith("not read")
        log.info("the feed of an edge ended: %s", reason)

    def _tick(self) -> None:
        if not self._readers:
            self._timer = None
            return
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        now_ns = self._clock.now_ns()
        for reader in tuple(self._readers):
            if reader.waits and now_ns - reader.moved_ns > STALLED_NS:
                reader.lose(f"for {STALLED_NS // 10**9} s it was not read")
        if now_ns - self._spoke_ns >= BEAT_NS:
            self._spoke_ns = now_ns
            beat = [Piece(encode(Beat(now_ns)))]
            for reader in tuple(self._readers):
                if not reader.waits:
                    reader.tell(beat)
