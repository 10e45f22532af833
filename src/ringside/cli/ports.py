"""Ports and addresses: found free before anything is started, so that nothing is left half-started.

The public port is opened here, once per worker and shared (SO_REUSEPORT), and lent to the workers by number: what
waits in the queue of a worker that has died is answered by its successor.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from ringside.core.errors import Misconfigured
from ringside.flow.relay.edge.door import listen

LISTENING = "0A"  # of /proc/net/tcp


def is_free(host: str, port: int, what: str = "port") -> bool:
    """Whether we alone can listen on it. Raises Misconfigured, naming the port, when nobody could."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            reason = error.strerror or error
            raise Misconfigured(f"{what} {port} on {host} cannot be opened: {reason}") from None
    return True


def open_public(host: str, port: int, count: int, taken: Sequence[socket.socket] = ()) -> list[socket.socket]:
    """`count` listening sockets on the public port, one per worker, of which `taken` are some already.

    A port of 0 becomes one that is free. Raises Misconfigured when it cannot be opened.
    """
    listeners = list(taken)
    while len(listeners) < count:
        try:
            listeners.append(listen(host, listeners[0].getsockname()[1] if listeners else port))
        except Misconfigured:
            for listener in listeners:
                listener.close()
            raise
    return listeners


def private_listener() -> socket.socket:
    """A listening socket on the loopback that outlives the process it is given to."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.set_inheritable(True)
    return listener


def reachable_address() -> str:
    """The address by which other machines on this network reach this one; the loopback when there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET: a UDP connect sends nothing, it only asks for the route
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def shown(host: str, port: int, scheme: str = "http") -> tuple[str, str]:
    """The address of the pages: as seen on this machine, and from others on its network."""
    anywhere = host in ("0.0.0.0", "::")
    here, there = ("127.0.0.1", reachable_address()) if anywhere else (host, host)
    return tuple(f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}/" for name in (here, there))  # type: ignore[return-value]


def program_on(port: int) -> str:
    """The program that listens on `port` of this machine, as `nginx (pid 812)`; empty where we may not know."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for row in (line.split() for line in Path(table).read_text().splitlines()[1:]):
                if row[3] == LISTENING and int(row[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{row[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""
