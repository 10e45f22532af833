"""Hostile: the listening sockets and threads; one plain port, and one for each way that TLS can go wrong."""

import contextlib
import os
import socket
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.hostile.certificate import certificate
from tests.hostile.mpds import MPDS, clock
from tests.hostile.playlists import PLAYLISTS
from tests.hostile.replies import REPLIES, Reply
from tests.hostile.talk import Gone, Talk

VIA = tuple(name for name in (*PLAYLISTS, *MPDS) if name.startswith("via-"))
BEHAVIOURS: dict[str, Reply] = REPLIES | {k: v for k, v in (PLAYLISTS | MPDS).items() if k not in VIA}
MEDIA = os.urandom(15_000)
MANIFESTS = (".m3u8", ".mpd")
MOST_THREADS = 400
Shake = Callable[[socket.socket, Talk], None]


def _garbage(connection: socket.socket, talk: Talk) -> None:
    connection.recv(4096)
    talk.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + os.urandom(2000))


def _alert_loop(connection: socket.socket, talk: Talk) -> None:
    connection.recv(4096)
    while True:  # warnings that never end (RFC 8446 §6: a peer should give up)
        talk.send(b"\x15\x03\x03\x00\x02\x01\x5a" * 1000)


def _record_stall(connection: socket.socket, talk: Talk) -> None:
    connection.recv(4096)
    talk.send(b"\x16\x03\x03\x3f\xff\x02")  # a handshake record of 16 kB, of which one byte comes
    talk.stall()


TLS: dict[str, Shake] = {
    "tls-garbage": _garbage,
    "tls-alerts": _alert_loop,
    "tls-stall": lambda _, talk: talk.stall(),
    "tls-stall-in-handshake": _record_stall,
    "tls-close": lambda _, talk: None,
}
CERTIFIED = {
    "tls-expired": ("20200101000000Z", "20200201000000Z"),
    "tls-self-signed": ("20200101000000Z", "20990101000000Z"),
}


class Hostile:
    """The server while it runs. `asked` counts requests by the first word of their path."""

    def __init__(self) -> None:
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._listeners: dict[str, socket.socket] = {}
        self._folder = tempfile.TemporaryDirectory()
        self.asked: Counter[str] = Counter()
        self.sent = 0

    def __enter__(self) -> Self:
        self._listen("http", self._converse)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        for listener in self._listeners.values():
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(5)
        left = [thread.name for thread in threads if thread.is_alive()]
        self._folder.cleanup()
        assert not left, f"conversations that did not end: {left}"

    @property
    def url(self) -> str:
        """The plain port's address, without a slash at its end."""
        return f"http://127.0.0.1:{self._listeners['http'].getsockname()[1]}"

    def at(self, name: str, via: str = "") -> str:
        """The URL of a behaviour; with `via`, of a proper stream that leads to it."""
        if name in TLS or name in CERTIFIED:
            return self._tls(name)
        dash = via.endswith("-dash") or (not via and name in MPDS)
        file = "index.mpd" if dash else "index.m3u8"
        return f"{self.url}/{via}/{name}/{file}" if via else f"{self.url}/{name}/{file}"

    def _tls(self, name: str) -> str:
        if name not in self._listeners:
            serve = self._certified(name) if name in CERTIFIED else self._shaking(TLS[name])
            self._listen(name, serve)
        return f"https://127.0.0.1:{self._listeners[name].getsockname()[1]}/good/index.m3u8"

    def _listen(self, name: str, serve: Callable[[socket.socket], None]) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listeners[name] = listener
        self._start(lambda: self._accept(listener, serve), f"accept {name}")

    def _accept(self, listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if len(self._threads) > MOST_THREADS:
                connection.close()
                continue
            self._start(lambda connection=connection: self._attend(connection, serve), "conversation")

    def _start(self, work: Callable[[], None], name: str) -> None:
        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=name, daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _attend(self, connection: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        with contextlib.closing(connection), contextlib.suppress(Gone, OSError):
            serve(connection)

    def _converse(self, connection: socket.socket) -> None:
        talk = Talk(connection, self.url, self._closing)
        try:
            while talk.read_request():
                if not self._answer(talk):
                    return
        finally:
            self.sent += talk.sent

    def _answer(self, talk: Talk) -> bool | None:
        name = talk.path.split("/")[1]
        self.asked[name] += 1
        if name == "clock":
            return clock(talk)
        streams = PLAYLISTS | MPDS
        if name in streams and talk.path.endswith(MANIFESTS):
            return streams[name](talk)
        if name in REPLIES:
            return REPLIES[name](talk)
        talk.answer(MEDIA, "video/mp4")
        return True

    def _shaking(self, shake: Shake) -> Callable[[socket.socket], None]:
        return lambda connection: shake(connection, Talk(connection, self.url, self._closing))

    def _certified(self, name: str) -> Callable[[socket.socket], None]:
        folder = Path(self._folder.name) / name
        folder.mkdir()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder, *CERTIFIED[name]))
        return lambda connection: self._converse(context.wrap_socket(connection, server_side=True))
