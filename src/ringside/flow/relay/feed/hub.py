"""Hub: where a machine's workers are fed from. It runs in the process that makes or fetches the objects.

What enters: messages, published in batches; connections and reports from workers. What leaves: to every worker the
same messages, with the memory of each blob (memfd) handed over once, as a descriptor. Whoever connects, at any
time, is first told all that exists. A worker that does not read is cut off: it comes back and starts anew.
"""

import asyncio
import fcntl
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured
from ringside.core.feed import Appended, BrokenFeed, Closed, Frame, Handover, Message, Opened, Report, Synced, encode
from ringside.flow.relay.feed.link import MAX_FDS, Link
from ringside.flow.relay.feed.snapshot import Snapshot

log = logging.getLogger(__name__)

MAX_WORKERS = 256
# A worker may not cut off what others send. (Sealing writes would fail while sendfile has pages under way.)
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
OnHandover = Callable[[socket.socket, bytes], None]
OnReport = Callable[[dict[str, Any]], None]


class Hub:
    """Feeds the workers that connect to `socket_path`.

    `on_handover(connection, data)` receives a publisher's connection (non-blocking) with all that was read from it;
    `on_report(values)` what workers tell about themselves.
    """

    def __init__(self, socket_path: str | Path, clock: Clock, on_handover: OnHandover, on_report: OnReport) -> None:
        self._path = Path(socket_path)
        self._clock = clock
        self._on_handover = on_handover
        self._on_report = on_report
        self._snapshot = Snapshot()
        self._fds: dict[int, int] = {}
        self._links: set[Link] = set()
        self._listener: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop
        self._media_ns = 0
        self.cut_off = 0  # workers that did not read

    def __repr__(self) -> str:
        return f"<Hub {len(self._links)} workers {self._snapshot!r}>"

    async def start(self) -> None:
        """Listen. Raises Misconfigured when the path cannot be listened on."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self._path))
            self._path.chmod(0o600)
            listener.listen(MAX_WORKERS)
        except OSError as error:
            listener.close()
            raise Misconfigured(f"the feed's socket {self._path} cannot be opened: {error.strerror or error}") from None
        listener.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(listener.fileno(), self._accept)
        self._listener = listener

    def close(self) -> None:
        """Stop feeding; workers go on with what they have."""
        if self._listener is not None:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)
        for link in self._links:
            link.close()
        self._links.clear()
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()

    def publish(self, messages: Sequence[Message]) -> None:
        """Tell all workers. The messages of one call become visible together. Raises ValueError for nonsense."""
        told: list[Message] = []
        freed: list[int] = []
        try:
            for message in messages:
                kept = self._keep(message)
                freed += self._snapshot.apply(message)
                told.append(kept)
        finally:
            for data, fds in self._batches(told):
                for link in tuple(self._links):
                    link.send(data, fds)
            for blob in freed:
                os.close(self._fds.pop(blob))

    def _keep(self, message: Message) -> Message:
        """Write to memory what belongs there; returns what is to be told."""
        if isinstance(message, Opened) and message.blob not in self._fds:
            flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
            self._fds[message.blob] = os.memfd_create(f"ringside {message.path[-60:]}", flags)
        elif isinstance(message, Appended):
            had = self._snapshot.size(message.blob)
            if had + len(message.data) != message.size:
                raise ValueError(f"{len(message.data)} bytes do not make blob {message.blob} {message.size} bytes")
            self._append(self._fds[message.blob], message.data, had)
            return Appended(message.blob, message.size)
        elif isinstance(message, Closed) and message.blob in self._fds:
            fcntl.fcntl(self._fds[message.blob], fcntl.F_ADD_SEALS, SEALS)
        return message

    def _append(self, fd: int, data: bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(fd, view, offset)
            view, offset = view[written:], offset + written
        self._media_ns = self._clock.now_ns()

    def _batches(self, messages: Sequence[Message]) -> list[tuple[bytes, list[int]]]:
        """The messages as few pieces of bytes, each with the descriptors that its Opened frames bring."""
        batches: list[tuple[bytes, list[int]]] = []
        frames: list[bytes] = []
        fds: list[int] = []
        for message in messages:
            if isinstance(message, Opened):
                if len(fds) == MAX_FDS:
                    batches.append((b"".join(frames), fds))
                    frames, fds = [], []
                fds.append(self._fds[message.blob])
            frames.append(encode(message))
        return [*batches, (b"".join(frames), fds)]

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            sock, _ = self._listener.accept()
        except OSError as error:
            log.warning("a worker could not be fed: %s", error)
            return
        if len(self._links) >= MAX_WORKERS:
            sock.close()
            return

        def lost(reason: str) -> None:
            self._links.discard(link)
            self.cut_off += reason.endswith("not read")
            log.info("a worker's feed ended: %s", reason)

        link = Link(sock, self._take, lost)
        self._links.add(link)
        for data, fds in self._batches([*self._snapshot.messages(), Synced(self._media_ns)]):
            link.send(data, fds)

    def _take(self, frames: list[Frame], fds: deque[int]) -> None:
        for frame in frames:
            if isinstance(frame, Report):
                self._on_report(frame.values)
            elif isinstance(frame, Handover) and fds:
                connection = socket.socket(fileno=fds.popleft())
                connection.setblocking(False)
                self._on_handover(connection, frame.data)
            else:
                raise BrokenFeed("a worker sent what only a hub sends")
