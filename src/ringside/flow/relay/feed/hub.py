"""Hub: where a machine's workers are fed from. It runs in the process that makes or fetches the objects.

What enters: messages, published in batches; connections and reports from workers, and what they want. What leaves: to
every worker the same messages, with the memory of each blob (memfd) handed over once, as a descriptor; to edges on
other machines the same over HTTP (see remote). Whoever connects, at any time, is first told all that exists. A worker
that does not read is cut off: it comes back and starts anew.
"""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured
from ringside.core.feed import (
    Anew,
    BrokenFeed,
    Frame,
    Handover,
    Message,
    Opened,
    Pulled,
    Report,
    Synced,
    Wanted,
    encode,
)
from ringside.flow.relay.feed.link import MAX_FDS, Link
from ringside.flow.relay.feed.remote import Readers
from ringside.flow.relay.feed.shelf import Shelf, Told

log = logging.getLogger(__name__)

MAX_WORKERS = 256
OnHandover = Callable[[socket.socket, bytes], None]
OnReport = Callable[[dict[str, Any]], None]
OnWanted = Callable[[str], None]


class Hub:
    """Feeds the workers that connect to `socket_path`.

    `on_handover(connection, data)` receives a connection (non-blocking) that a worker gave away, with all that was
    read from it; `on_report(values)` what workers tell about themselves; `on_wanted(path)` what they want pulled. A
    hub that `waits` has nothing of its own: nobody is told that this is all until it is given a shelf.
    """

    def __init__(
        self,
        socket_path: str | Path,
        clock: Clock,
        on_handover: OnHandover,
        on_report: OnReport,
        on_wanted: OnWanted | None = None,
        *,
        feed_token: str = "",
        waits: bool = False,
    ) -> None:
        self._path = Path(socket_path)
        self._clock = clock
        self._on_handover = on_handover
        self._on_report = on_report
        self._on_wanted = on_wanted
        self._links: set[Link] = set()
        self._listener: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop
        self._waits = waits
        self.shelf = Shelf()
        self.readers = Readers(clock, feed_token)
        self.cut_off = 0  # workers that did not read

    def __repr__(self) -> str:
        return f"<Hub {len(self._links)} workers {self.readers!r} {self.shelf!r}>"

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
        self.readers.close()
        self.shelf = Shelf()

    def describe(self) -> dict[str, Any]:
        """For the status page, JSON-ready: counts and bytes."""
        remote = self.readers.describe()
        return {"workers": len(self._links), "workers_cut_off": self.cut_off, **remote}

    def publish(self, messages: Sequence[Message], *, elsewhere: bool = True) -> None:
        """Tell all. The messages of one call become visible together. Raises ValueError for nonsense.

        Not `elsewhere`: what is pulled, from PULLED on, is the affair of this machine's workers.
        """
        now_ns = self._clock.now_ns()
        told: list[Told] = []
        try:
            for message in messages:
                if not self.shelf.has_gone(message):
                    told.append(self.shelf.put(message, now_ns))
        finally:
            self._tell(told, elsewhere)

    def tell(self, told: Sequence[Told]) -> None:
        """Tell all what was put on the shelf."""
        self._tell(told)

    def trim(self, limit_bytes: int) -> int:
        """Let go of the oldest complete blobs beyond `limit_bytes`; how many there were."""
        had = self.shelf.blobs
        self._tell(self.shelf.trim(limit_bytes, self._clock.now_ns()))
        return had - self.shelf.blobs

    def swap(self, shelf: Shelf) -> None:
        """Put `shelf` in the place of all that was told so far; workers change over when they have all of it.

        What was pulled beside the feed stays.
        """
        shelf.adopt(self.shelf)
        self.shelf = shelf
        self._waits = False
        self.readers.close()
        told = [Told(Anew()), *self._all()]
        for data, fds in _batches(told):
            for link in tuple(self._links):
                link.send(data, fds)

    def adopt(self, sock: socket.socket, data: bytes) -> None:
        """Feed the edge whose request for the feed is `data`, or refuse it with a sentence."""
        if self._waits:
            self.readers.refuse(sock, 503, "there is nothing to be fed here yet")
        else:
            self.readers.add(sock, data, self.shelf)

    def _tell(self, told: Sequence[Told], elsewhere: bool = True) -> None:
        if not told:
            return
        if self._links:
            for data, fds in _batches(told):
                for link in tuple(self._links):
                    link.send(data, fds)
        if elsewhere:
            self.readers.tell(told)

    def _all(self) -> list[Told]:
        return [*self.shelf.told(), *([] if self._waits else [Told(Synced(self.shelf.media_ns))])]

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
        for data, fds in _batches(self._all()):
            link.send(data, fds)

    def _take(self, frames: list[Frame], fds: deque[int]) -> None:
        for frame in frames:
            if isinstance(frame, Report):
                self._on_report(frame.values)
            elif isinstance(frame, Wanted):
                if self._on_wanted is not None:
                    self._on_wanted(frame.path)
            elif isinstance(frame, Handover) and fds:
                connection = socket.socket(fileno=fds.popleft())
                connection.setblocking(False)
                self._on_handover(connection, frame.data)
            else:
                raise BrokenFeed("a worker sent what only a hub sends")


def _batches(told: Iterable[Told]) -> list[tuple[bytes, list[int]]]:
    """What is told as few pieces of bytes, each with the descriptors that its Opened and Pulled frames bring."""
    batches: list[tuple[bytes, list[int]]] = []
    frames: list[bytes] = []
    fds: list[int] = []
    for message, memory, _ in told:
        if isinstance(message, Opened | Pulled):
            assert memory is not None
            if len(fds) == MAX_FDS:
                batches.append((b"".join(frames), fds))
                frames, fds = [], []
            fds.append(memory.fd)
        frames.append(encode(message))
    return [*batches, (b"".join(frames), fds)]
