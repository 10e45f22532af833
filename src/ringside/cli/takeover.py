"""Takeover: how a new supervisor comes by the public port of the one that runs, without a connection lost.

Each supervisor with a public port keeps a control socket (Unix, mode 0600, for its own user alone), named by user and
port. One JSON line asks, one answers: `who` has the port; `listeners`, whose descriptors come along (SCM_RIGHTS); and
`drain`, after which the old one lets its viewers finish and ends. Both listen on the same sockets in between, so that
no connection waits in a queue that nobody reads. The supervisor of an event is asked the same way for its `target`
latency, and told another.
"""

import asyncio
import json
import logging
import os
import socket
import stat
import struct
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ringside.core.errors import RingsideError

log = logging.getLogger(__name__)

ASK_S = 6.0  # an answer comes within
PATIENCE_S = 120.0  # a new supervisor may take so long to start before it is hung up on
MAX_ASKERS = 8
LINE_BYTES = 1024
FDS_AT_ONCE = 64  # SCM_MAX_FD is 253
OnTarget = Callable[[object], Awaitable[dict[str, Any]]]
OnSource = Callable[[object], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the port: its process, its verb, and how many workers listen."""

    pid: int
    verb: str
    workers: int

    def __str__(self) -> str:
        return f"ringside {self.verb} (pid {self.pid})"


def control_path(port: int) -> Path:
    """Where the supervisor of `port` is asked."""
    folder = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(folder) / f"ringside-{os.getuid()}-{port}.sock"


def _is_ours(sock: socket.socket) -> bool:
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return uid in (os.getuid(), 0)


def _call(path: Path) -> socket.socket | None:
    """A connection to a supervisor of our own user; None where nobody answers."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(ASK_S)
    try:
        sock.connect(str(path))
        if _is_ours(sock):
            return sock
    except OSError:
        pass
    sock.close()
    return None


class Running:
    """The supervisor that has the port now, as the new one sees it. Blocking, each call for three seconds at most."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        who = self._ask("who")
        self.holder = Holder(int(who["pid"]), str(who["verb"]), int(who["workers"]))

    @classmethod
    def at(cls, port: int) -> "Running | None":
        """The supervisor of `port`; None where none answers."""
        sock = _call(control_path(port))
        if sock is None:
            return None
        try:
            return cls(sock)
        except RingsideError:
            sock.close()
            return None

    def listeners(self) -> list[socket.socket]:
        """Its listening sockets, which are ours too from now on. Raises RingsideError when it does not give them."""
        count, fds = int(self._ask("listeners")["count"]), list[int]()
        while len(fds) < count:
            try:
                data, some, flags, _ = socket.recv_fds(self._socket, 1, FDS_AT_ONCE, socket.MSG_CMSG_CLOEXEC)
            except OSError:
                data, some, flags = b"", [], 0
            fds += some
            if not data or flags & socket.MSG_CTRUNC:
                for fd in fds:
                    os.close(fd)
                raise RingsideError(f"{self.holder} did not hand over its port, and goes on")
        return [socket.socket(fileno=fd) for fd in fds]

    def drain(self) -> None:
        """Tell it to let its viewers finish, and end. Raises RingsideError when it does not answer."""
        self._ask("drain")

    def target(self, target_s: float | None = None) -> dict[str, Any]:
        """The event's target latency, changed to `target_s` if given, as origin.Schedule has it.

        Raises RingsideError where that cannot be.
        """
        return self._ordered("target", target_s=target_s)

    def source(self, name: str | None = None) -> dict[str, Any]:
        """Which input is on the air, as origin.Orders describes it; `name`: which shall be, or auto for the best.

        Raises RingsideError where that cannot be.
        """
        return self._ordered("source", source=name)

    def _ordered(self, what: str, **more: Any) -> dict[str, Any]:
        answer = self._ask(what, **more)
        if "refused" in answer:
            raise RingsideError(str(answer["refused"]))
        return answer

    def close(self) -> None:
        """Ask nothing more; without `drain` it goes on as before."""
        self._socket.close()

    def _ask(self, what: str, **more: Any) -> dict[str, Any]:
        try:
            self._socket.sendall(json.dumps({"ask": what, "pid": os.getpid(), **more}).encode() + b"\n")
            line = b""
            while not line.endswith(b"\n"):  # byte by byte: descriptors that follow must not be read here
                if not (piece := self._socket.recv(1)) or len(line) > LINE_BYTES:
                    raise RingsideError("the supervisor that has the port hung up")
                line += piece
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError):
            raise RingsideError("the supervisor that has the port does not answer") from None
        return answer


class Control:
    """The control socket of a supervisor. `on_drain(pid)` is called when process `pid` has taken the port over.

    `on_target(seconds or None)` and `on_source(name or None)` answer who asks for them, or orders others; None where
    there is no event.
    """

    def __init__(
        self,
        holder: Holder,
        port: int,
        listeners: Sequence[socket.socket],
        on_drain: Callable[[int], None],
        on_target: OnTarget | None = None,
        on_source: OnSource | None = None,
    ):
        self._holder = holder
        self._path = control_path(port)
        self._listeners = listeners
        self._on_drain = on_drain
        self._on_target, self._on_source = on_target, on_source
        self._inode = 0
        self._socket: socket.socket | None = None
        self._askers: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def open(self, replacing: bool = False) -> None:
        """Answer from now on, in place of the one before where `replacing`. Where that cannot be, a warning is all."""
        if not replacing and (other := _call(self._path)) is not None:
            other.close()
            log.warning("another supervisor answers at %s: this one cannot be taken over", self._path)
            return
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        fresh = self._path.with_suffix(f".{os.getpid()}")
        before = os.umask(0o177)
        try:
            fresh.unlink(missing_ok=True)
            sock.bind(str(fresh))
            sock.listen(MAX_ASKERS)
            fresh.rename(self._path)  # at once in place of an old one
            self._inode = self._path.stat().st_ino
        except OSError as error:
            sock.close()
            log.warning("%s cannot be opened (%s): this edge cannot be taken over", self._path, error.strerror)
            return
        finally:
            os.umask(before)
        sock.setblocking(False)
        self._loop.add_reader(sock.fileno(), self._accept)
        self._socket = sock

    def close(self) -> None:
        """Answer no more."""
        if self._socket is None:
            return
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._socket = None
        for asker in self._askers:
            asker.cancel()
        try:
            found = self._path.stat()
            if found.st_ino == self._inode and stat.S_ISSOCK(found.st_mode):
                self._path.unlink()
        except OSError:
            pass  # a successor's, or gone

    def _accept(self) -> None:
        assert self._socket is not None
        try:
            sock, _ = self._socket.accept()
        except OSError:
            return
        if len(self._askers) >= MAX_ASKERS or not _is_ours(sock):
            sock.close()
            return
        sock.setblocking(False)
        task = self._loop.create_task(self._serve(sock))
        self._askers.add(task)
        task.add_done_callback(self._askers.discard)

    async def _serve(self, sock: socket.socket) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                data = b""
                while piece := await self._loop.sock_recv(sock, LINE_BYTES):
                    *lines, data = (data + piece).split(b"\n")
                    for line in lines:
                        question = json.loads(line)
                        if not isinstance(question, dict):
                            return
                        await self._answer(sock, question)
                    if len(data) > LINE_BYTES:
                        return
        except (OSError, ValueError, TimeoutError) as error:
            log.debug("an asker was hung up on: %s", error)
        finally:
            sock.close()

    async def _answer(self, sock: socket.socket, question: dict[str, Any]) -> None:
        what = question.get("ask")
        if what == "who":
            await self._say(sock, asdict(self._holder))
        elif what == "listeners":
            fds = [listener.fileno() for listener in self._listeners]
            await self._say(sock, {"count": len(fds)})
            for at in range(0, len(fds), FDS_AT_ONCE):
                socket.send_fds(sock, [b"+"], fds[at : at + FDS_AT_ONCE])
        elif what == "target":
            await self._say(sock, await self._event(self._on_target, question.get("target_s"), what))
        elif what == "source":
            await self._say(sock, await self._event(self._on_source, question.get("source"), what))
        elif what == "drain":
            await self._say(sock, {"draining": True})
            self._on_drain(int(question.get("pid", 0)))

    async def _event(self, ask: OnTarget | OnSource | None, wanted: object, what: str) -> dict[str, Any]:
        if ask is None:
            return {"refused": f"{self._holder} has no {what} of its own: its origin has one"}
        try:
            return await ask(wanted)
        except RingsideError as error:
            return {"refused": str(error)}

    async def _say(self, sock: socket.socket, answer: dict[str, Any]) -> None:
        await self._loop.sock_sendall(sock, json.dumps(answer).encode() + b"\n")
