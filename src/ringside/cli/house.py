"""The processes of an event on one machine, described for the supervisor: what `live` and `origin` share."""

import secrets
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from ringside.cli import moq
from ringside.cli.about import About
from ringside.cli.event import Event
from ringside.cli.ports import private_listener, shown
from ringside.cli.public import Public
from ringside.cli.restream_keeper import RestreamKeeper
from ringside.cli.source_keeper import SourceKeeper
from ringside.cli.stopgap import StopgapKeeper
from ringside.cli.supervisor import Child, Supervisor
from ringside.cli.target_keeper import TargetKeeper
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.flow.origin.archive.sessions import Session


def addresses(event: Event) -> tuple[str, str]:
    """Where the pages are: as seen on this machine, and from others on its network."""
    return shown(event.edge.host, event.edge.port)


def page(event: Event) -> str:
    """What follows an address so that its page plays this event: the page of itself plays the one called main."""
    return "" if event.event.name == About().name else f"?event={event.event.name}"


class House:
    """An origin and its edge workers. The listeners, public and private, and the feed's folder outlive any process."""

    def __init__(self, event: Event, verb: str) -> None:
        self.event = event
        self.public = Public(event.edge, verb)
        self.target: TargetKeeper | None = None
        self.source: SourceKeeper | None = None
        self.stopgap: StopgapKeeper | None = None
        self.restream: RestreamKeeper | None = None
        try:
            moq.check(event.moq, event.edge, self.public.port)
        except Misconfigured:
            self.public.close()
            raise
        self.session = self._session(verb == "origin")
        self.token = event.origin.ingest_token or secrets.token_urlsafe(16)
        self._listener: socket.socket = private_listener()
        self._folder = Path(tempfile.mkdtemp(prefix="ringside-"))
        self._folder.chmod(0o700)
        self.ingest_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _session(self, resumes: bool) -> Session:
        """Where the origin keeps what it publishes, however often it is started again."""
        about = self.event.event
        try:
            return Session.choose(self.event.archive, about.name, about.timeline, Wall().now_ns(), resumes)
        except Misconfigured:
            self.public.close()
            raise

    def close(self) -> None:
        """Give back the listeners and the folder."""
        self.public.close()
        self.session.close()
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, supervisor: Supervisor) -> Child:
        """Start the origin and the workers, each told what it needs to know; the origin's child."""
        dumped, feed, fd = self.event.model_dump(mode="json"), self._folder / "feed", self._listener.fileno()
        settings = {**dumped["origin"], "ingest_token": self.token}
        told = {"about": dumped["event"], "origin": settings, "feed": str(feed), "listen_fd": fd}
        told |= {"archive": dumped["archive"], "session": str(self.session.folder)}
        origin = Child("origin", "origin", told, fds=(fd,))
        supervisor.start(origin)
        for worker in self.public.workers(feed):
            supervisor.start(worker)
        if (publisher := moq.child(self.event.moq, self.event.edge, self.public.port, feed)) is not None:
            supervisor.start(publisher)
        self.target = TargetKeeper(supervisor, origin)
        self.source = SourceKeeper(supervisor, origin)
        self.stopgap = StopgapKeeper(supervisor, self.event, self.ingest_url, self.token)
        here, _ = shown(self.event.edge.host, self.public.port)
        self.restream = RestreamKeeper(supervisor, self.event, origin, here)
        self.public.announce(supervisor, self.target.answer, self.source.answer)
        return origin

    def hear(self, child: Child, report: dict[str, Any]) -> None:
        """A child's report."""
        for keeper in (self.target, self.source, self.stopgap, self.restream):
            if keeper is not None:
                keeper.hear(child, report)
