"""Door: where viewers come in: the listening socket of a worker, and what happens when there are too many.

Newcomers are taken in before anybody is served, so that a crowd waits in the worker, which can refuse it, and not in a
queue of the kernel that silently overflows. One descriptor is kept in reserve to say so when there are no more.
"""

import errno
import os
import socket
from typing import TYPE_CHECKING

from ringside.core.errors import Misconfigured
from ringside.flow.relay.answer.request import MAX_HEAD
from ringside.flow.relay.answer.serve import refusal

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge

BACKLOG = 4096
SEND_BUFFER = 425_984  # bytes: a part at once; more would only be memory that a slow reader holds
AT_ONCE = 1024  # let in before others are looked after
FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Door:
    """Lets viewers in to `edge`. The socket is the one that the configuration names, or one of its own."""

    def __init__(self, edge: "Edge") -> None:
        config = edge.config
        self._edge = edge
        if config.listen_fd >= 0:
            self._listener = socket.socket(fileno=os.dup(config.listen_fd))
        else:
            self._listener = listen(config.host, config.port)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.gone = False
        self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        edge.poll.open_door(self._listener.fileno(), self)

    def close(self) -> None:
        """Let nobody in any more. Who is waiting at a socket that others share is let in there."""
        if self._listener.fileno() < 0:
            return
        self._edge.poll.drop(self._listener.fileno())
        self._listener.close()
        if self._reserve >= 0:
            os.close(self._reserve)

    def writable(self) -> None:
        """Nothing is written to a listening socket."""

    def readable(self) -> None:
        """Somebody waits outside: let in whoever does."""
        edge, listener = self._edge, self._listener
        for _ in range(AT_ONCE):
            try:
                viewer, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in FULL:
                    self._refuse()
                    return
                continue  # it has gone already
            viewer.setblocking(False)
            edge.arrived(viewer.detach())

    def _refuse(self) -> None:
        """There is no descriptor left: take the one in reserve, to tell one viewer."""
        if self._reserve >= 0:
            os.close(self._reserve)
        try:
            viewer, _ = self._listener.accept()
            with viewer:
                self._edge.no_descriptors += 1
                self._edge.counts[503] += 1
                viewer.setblocking(False)
                answer = refusal(503, "this server is full")
                viewer.send(answer.top(self._edge.date, close=True) + answer.body)
                viewer.shutdown(socket.SHUT_WR)
                viewer.recv(MAX_HEAD)  # what is left unread would reset the connection under our answer
        except OSError:
            pass  # it did not wait for our regrets
        try:
            self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._reserve = -1  # somebody else took it: the next one goes unanswered


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that other workers may share. Raises Misconfigured when it cannot be opened."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise Misconfigured(f"host {host} is no address of this machine: {error.strerror or error}") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER // 2)  # the kernel doubles it
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = "is taken by another program" if error.errno == 98 else f"cannot be opened: {error.strerror}"
        raise Misconfigured(f"port {port} on {host} {reason}; choose another with --port") from None
    listener.setblocking(False)
    return listener
