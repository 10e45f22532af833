"""The processes of an event on one machine, described for the supervisor: what `live` and `origin` share."""

import secrets
import shutil
import socket
import tempfile
from pathlib import Path

from ringside.cli.event import Event
from ringside.cli.ports import private_listener, reachable_address, require_free
from ringside.cli.supervisor import Child, Supervisor


def addresses(event: Event) -> tuple[str, str]:
    """Where the pages are: as seen on this machine, and from others on its network."""
    host, port = event.edge.host, event.edge.port
    anywhere = host in ("0.0.0.0", "::")
    here = "127.0.0.1" if anywhere else host
    return f"http://{here}:{port}/", f"http://{reachable_address() if anywhere else host}:{port}/"


class House:
    """An origin and its edge workers. The private listener and the feed's folder outlive any one process."""

    def __init__(self, event: Event) -> None:
        require_free(event.edge.host, event.edge.port)
        self.event = event
        self.token = event.origin.ingest_token or secrets.token_urlsafe(16)
        self._listener: socket.socket = private_listener()
        self._folder = Path(tempfile.mkdtemp(prefix="ringside-"))
        self._folder.chmod(0o700)
        self.ingest_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Give back the listener and the folder."""
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, supervisor: Supervisor) -> Child:
        """Start the origin and the workers, each told what it needs to know; the origin's child."""
        dumped, feed, fd = self.event.model_dump(mode="json"), str(self._folder / "feed"), self._listener.fileno()
        settings = {**dumped["origin"], "ingest_token": self.token}
        told = {"about": dumped["event"], "origin": settings, "feed": feed, "listen_fd": fd}
        origin = Child("origin", "origin", told, fds=(fd,))
        supervisor.start(origin)
        for i in range(self.event.edge.workers):
            supervisor.start(Child(f"edge-{i + 1}", "edge", {"edge": dumped["edge"], "feed": feed}))
        return origin
