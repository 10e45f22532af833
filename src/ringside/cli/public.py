"""The public port of a supervisor: a listening socket for each worker, the workers on them, and the control socket."""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ringside.cli.console import say
from ringside.cli.ports import is_free, open_public, program_on
from ringside.cli.supervisor import Child, Supervisor
from ringside.cli.takeover import Control, Holder, OnSource, OnTarget, Running
from ringside.core.errors import Misconfigured
from ringside.flow.relay.edge import Config


class Public:
    """A public port that is open from the beginning to the end of its supervisor, whatever becomes of the workers.

    With `takeover`, one that another supervisor of this user has is shared, until it is told to `drain`.
    Raises Misconfigured, saying who has the port, where it cannot be had.
    """

    def __init__(self, config: Config, verb: str, takeover: bool = False, hint: str = "choose another with --port"):
        self.config = config
        self.verb = verb
        self.old: Running | None = None
        taken: list[socket.socket] = []
        if config.port and not is_free(config.host, config.port):
            taken = self._take(takeover, hint)
        self.listeners = open_public(config.host, config.port, config.workers, taken)
        self.port: int = self.listeners[0].getsockname()[1]
        self._control: Control | None = None

    def _take(self, takeover: bool, hint: str) -> list[socket.socket]:
        host, port = self.config.host, self.config.port
        self.old = Running.at(port)
        if self.old is not None and takeover:
            return self.old.listeners()
        who = str(self.old.holder) if self.old else program_on(port) or "another program"
        if self.old is not None:
            self.old.close()
        else:
            hint = "choose another with --port"
        raise Misconfigured(f"port {port} on {host} is taken by {who}; {hint}")

    def workers(self, feed: Path, **changes: Any) -> list[Child]:
        """A worker for each socket, fed at `feed`; `changes` to the edge's configuration."""
        config = {**self.config.model_dump(mode="json"), "port": self.port, **changes}
        children = []
        for i, listener in enumerate(self.listeners):
            fd = listener.fileno()
            told = {"edge": {**config, "listen_fd": fd}, "feed": str(feed)}
            children.append(Child(f"edge-{i + 1}", "edge", told, fds=(fd,), drains=True))
        return children

    def announce(
        self, supervisor: Supervisor, on_target: OnTarget | None = None, on_source: OnSource | None = None
    ) -> None:
        """Keep the control socket from now on. One that had the port before is told to drain.

        `on_target` and `on_source` answer for the target and the inputs of the event that is carried here.
        """
        holder = Holder(os.getpid(), self.verb, len(self.listeners))
        supervisor.drain_s = self.config.drain_s
        supervisor.on_drain = self._leave
        drain = lambda pid: supervisor.drain(f"replaced by process {pid}")  # noqa: E731
        self._control = Control(holder, self.port, self.listeners, drain, on_target, on_source)
        self._control.open(replacing=self.old is not None)
        if self.old is not None:
            self.old.drain()
            self.old.close()
            self.old = None

    def _leave(self, reason: str) -> None:
        say(f"  {reason}: viewers may finish, for {getattr(self.config, 'drain_s', 10):.0f} s at most")
        self.close_listeners()

    def close_listeners(self) -> None:
        """Let go of the port: who comes now is refused at once, or served by whoever has taken over."""
        if self._control is not None:
            self._control.close()
        for listener in self.listeners:
            listener.close()

    def close(self) -> None:
        """Give everything back."""
        self.close_listeners()
        if self.old is not None:
            with contextlib.suppress(OSError):
                self.old.close()


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that nobody else may read, for as long as it is entered."""
    folder = Path(tempfile.mkdtemp(prefix="ringside-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
