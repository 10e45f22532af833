"""`ringside edge`: a cache for live media in front of any origin, ours or not, over HTTP."""

import asyncio
import re
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ringside import __version__
from ringside.cli import event as event_file
from ringside.cli.console import say
from ringside.cli.event import Event
from ringside.cli.ports import reachable_address, shown
from ringside.cli.public import Public
from ringside.cli.supervisor import Child, Supervisor
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.core.telemetry import setup_log
from ringside.flow.relay import fill

READY_S = 30.0
"""How long a new edge that takes over may take until it could serve; the old one serves meanwhile."""
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
ORIGIN_SAYS = {
    "live": "[green]{mode}[/]",
    "unreachable": "[yellow]the origin does not answer; it is asked until it does[/]",
    "lost": "[yellow]the origin is lost; what is here is served, and it is asked until it answers[/]",
}
MODES = {
    "push": "fed by the origin, which is Ringside",
    "pull": "each object is taken from the origin once, when asked",
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says beyond the tables of an event file."""

    memory: str | None = None
    ignore_query: Sequence[str] = ()
    tls: tuple[Path, Path] | None = None
    takeover: bool = False


def bytes_of(size: str) -> int:
    """Bytes in `512M` or `1.5G` (powers of 1024). Raises Misconfigured naming --memory."""
    found = SIZE.fullmatch(size.strip())
    if found is None:
        raise Misconfigured(f"--memory: {size!r} is no size; write it as 512M or 1G")
    return int(float(found[1]) * UNITS[found[2].upper()])


def changes_of(wishes: Wishes) -> dict[str, dict[str, Any]]:
    """The wishes as tables of an event file. Raises Misconfigured naming the option."""
    edge: dict[str, Any] = {}
    if wishes.tls is not None:
        _check_tls(*wishes.tls)
        edge = {"tls_cert": wishes.tls[0].absolute(), "tls_key": wishes.tls[1].absolute()}
    for name in wishes.ignore_query:
        if not name or set(name) & set("&=#? "):
            raise Misconfigured(f"--ignore-query: {name!r} is no name of a query parameter")
    return {"edge": edge, "fill": {"memory_bytes": bytes_of(wishes.memory)} if wishes.memory else {}}


def _check_tls(cert: Path, key: Path) -> None:
    for path in (cert, key):
        try:
            path.open("rb").close()
        except OSError as error:
            raise Misconfigured(f"--tls: {path} cannot be read: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or error
        raise Misconfigured(f"--tls: {cert} and {key} are no certificate and its key in PEM: {reason}") from None


def check_origin(origin: str, host: str, port: int) -> str:
    """The origin's address, without a slash at its end. Raises Misconfigured for one that cannot be, or is us."""
    try:
        url = urlsplit(origin)
        there = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    except ValueError as error:
        raise Misconfigured(f"--origin: {origin!r} is no address: {error}") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise Misconfigured(f"--origin: {origin!r} is no address of an origin; e.g. http://origin:8080")
    if url.query or url.fragment or url.username:
        raise Misconfigured(f"--origin: {origin!r} has more than an address and a path")
    ourselves = {"localhost", "127.0.0.1", "::1", "0.0.0.0", host, reachable_address(), socket.gethostname()}
    if there == port and url.hostname in ourselves:
        raise Misconfigured(f"--origin: {origin} is this edge itself; choose another port with --port")
    return origin.rstrip("/")


def settled(event: Event, wishes: Wishes) -> Event:
    """The event with an origin that can be, and what is ignored in queries the same in filler and workers."""
    if event.fill is None:
        raise Misconfigured("--origin is missing: where to take the event from, e.g. http://origin:8080")
    ignored = (*event.edge.ignored_query, *wishes.ignore_query)
    origin = check_origin(event.fill.origin, event.edge.host, event.edge.port)
    filling = event.fill.model_copy(update={"origin": origin, "ignored_query": ignored})
    edge = event.edge.model_copy(update={"ignored_query": ignored, "cache": True})
    return event.model_copy(update={"fill": filling, "edge": edge})


class Station:
    """One run of `ringside edge`: a filler and its workers, and what has been heard from them."""

    def __init__(self, filling: fill.Config, public: Public, folder: Path, verbose: bool) -> None:
        self.public = public
        self.supervisor = Supervisor(Wall(), self.hear, verbose)
        self.ready = asyncio.Event()
        self._unready: set[str] = set()
        self._feed = folder / "feed"
        name = urlsplit(filling.origin).netloc
        told = {"fill": filling.model_dump(mode="json"), "feed": str(self._feed), "event": f"Edge of {name}"}
        self.filler = Child("filler", "filler", told)
        self._mode = ""
        self._state = ""

    def hear(self, child: Child, report: dict[str, Any]) -> None:
        """A child's report: the filler's mode, at which the workers begin; who is ready; what is worth a line."""
        if child is self.filler and report.get("ready"):
            self._begin(str(report["mode"]))
        elif report.get("ready"):
            self._unready.discard(child.name)
            if not self._unready:
                self.ready.set()
        if "upstream" in report:
            self._say(str(report["upstream"]))
        if "note" in report:
            self.supervisor.order(self.filler, {"note": f"{child.name}: {report['note']}"})

    def _begin(self, mode: str) -> None:
        self.filler.config["fill"]["mode"] = mode  # one that is started again need not find out
        if self._mode:
            return
        self._mode = mode
        say(ORIGIN_SAYS["live"].format(mode=f"  {MODES.get(mode, mode)}"))
        workers = self.public.workers(self._feed, pull=mode == "pull")
        self._unready = {worker.name for worker in workers}
        for worker in workers:
            self.supervisor.start(worker)

    def _say(self, state: str) -> None:
        before, self._state = self._state, state
        if state in ORIGIN_SAYS and state != before and (state != "live" or before in ("lost", "unreachable")):
            say("  " + ORIGIN_SAYS[state].format(mode="the origin answers"))

    async def course(self) -> None:
        """Serve for ever; in place of another edge as soon as we can. Raises RingsideError when we cannot."""
        old = self.public.old
        if old is not None:
            try:
                async with asyncio.timeout(READY_S):
                    await self.ready.wait()
            except TimeoutError:
                raise RingsideError(
                    f"the new edge was not ready within {READY_S:.0f} s (origin: {self._state or 'no answer'}); "
                    f"{old.holder} goes on"
                ) from None
            say(f"  takes over from {old.holder}")
        self.public.announce(self.supervisor)
        await asyncio.Event().wait()


def banner(event: Event, public: Public, origin: str) -> None:
    """Say where everything is."""
    here, elsewhere = shown(event.edge.host, public.port, "https" if event.edge.tls_cert else "http")
    also = f"   (elsewhere: {elsewhere})" if elsewhere != here else ""
    say(f"[bold]Ringside {__version__}[/]  edge of [bold]{origin}[/], {len(public.listeners)} worker(s)")
    say(f"  watch    [bold cyan]{here}[/]{also}")
    say(f"  status   {here}status")
    say("  Ctrl-C ends it; SIGTERM lets its viewers finish first")


@contextmanager
def _private_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ringside-"))  # readable by us alone
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _serve(filling: fill.Config, public: Public, folder: Path, verbose: bool) -> None:
    station = Station(filling, public, folder, verbose)
    station.supervisor.start(station.filler)
    await station.supervisor.until(station.course(), tell=station.filler)


def run(path: Path | None, changes: dict[str, dict[str, Any]], wishes: Wishes, verbose: bool) -> None:
    """Serve until interrupted or replaced. Raises RingsideError."""
    setup_log("ringside", verbose)
    for table, fields in changes_of(wishes).items():
        changes[table] = {**changes.get(table, {}), **fields}
    event = settled(event_file.load(path, changes), wishes)
    assert event.fill is not None
    public = Public(event.edge, "edge", wishes.takeover, "--takeover replaces it without dropping anyone")
    try:
        banner(event, public, event.fill.origin)
        with _private_folder() as folder:
            asyncio.run(_serve(event.fill, public, folder, verbose))
    finally:
        public.close()
