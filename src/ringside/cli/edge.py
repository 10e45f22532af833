"""`ringside edge`: a cache for live media in front of any origin, ours or not, over HTTP."""

import asyncio
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ringside import __version__
from ringside.cli import event as event_file
from ringside.cli import moq, receiving
from ringside.cli.console import say
from ringside.cli.event import Event
from ringside.cli.ports import reachable_address, shown
from ringside.cli.public import Public, private_folder
from ringside.cli.receiving import Group
from ringside.cli.supervisor import Child, Supervisor
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.core.telemetry import setup_log
from ringside.flow.relay import gateway
from ringside.flow.relay.wire.certificate import context

OPTIONS = {
    "fill.origins.0": "--origin",
    "fill.origins.1": "--origin",
    "fill.origins.2": "--origin",
    "fill.origins.3": "--origin",
    "fill.origins": "--origin",
    "fill.origin": "--origin",
    "fill.memory_bytes": "--memory",
    "fill.feed_token": "--feed-token",
    "edge.workers": "--workers",
    "moq.relay": "--moq-relay",
}
"""Fields of an event file as the person who typed them knows them."""
READY_S = 30.0
"""How long a new edge that takes over may take until it could serve; the old one serves meanwhile."""
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
LEAST_BYTES = 2**24
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
ORIGIN_SAYS = {
    "live": "[green]the origin is back[/]",
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
    group: Group = field(default_factory=Group)


def origins(given: Sequence[str] | None) -> dict[str, Any]:
    """Where to take from, as `--origin` says it, in the `[fill]` table; it takes the place of what stands there."""
    return {"origin": given[0], "origins": list(given)} if given else {}


def bytes_of(size: str) -> int:
    """Bytes in `512M` or `1.5G` (powers of 1024). Raises Misconfigured naming --memory."""
    found = SIZE.fullmatch(size.strip())
    if found is None:
        raise Misconfigured(f"--memory: {size!r} is no size; write it as 512M or 1G")
    value = int(float(found[1]) * UNITS[found[2].upper()])
    if value < LEAST_BYTES:
        raise Misconfigured(f"--memory: {size} is too little; give it 16M at least")
    return value


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
    try:
        context(cert, key)
    except Misconfigured as error:
        raise Misconfigured(f"--tls: {error}") from None


def load(path: Path | None, changes: dict[str, dict[str, Any]]) -> Event:
    """The event. Raises Misconfigured, which names the option where there is no file to blame."""
    try:
        return event_file.load(path, changes)
    except Misconfigured as error:
        if path is not None:
            raise
        sentence = str(error)
        for field, option in OPTIONS.items():
            sentence = sentence.replace(f"event: {field}:", f"{option}:")
        raise Misconfigured(sentence) from None


def settled(event: Event, wishes: Wishes) -> Event:
    """The event with an origin that can be, and what is ignored in queries the same in filler and workers."""
    if event.fill is None:
        raise Misconfigured("--origin is missing: where to take the event from, e.g. http://origin:8080")
    ourselves = {"localhost", "127.0.0.1", "::1", "0.0.0.0", event.edge.host, reachable_address(), socket.gethostname()}
    for origin in event.fill.origins:
        url = urlsplit(origin)
        if url.hostname in ourselves and event.edge.port == (url.port or {"http": 80, "https": 443}[url.scheme]):
            raise Misconfigured(f"--origin: {origin} is this edge itself; choose another port with --port")
    ignored = (*event.edge.ignored_query, *wishes.ignore_query)
    filling = event.fill.model_copy(update={"ignored_query": ignored})
    edge = event.edge.model_copy(update={"ignored_query": ignored, "cache": True})
    return event.model_copy(update={"fill": filling, "edge": edge})


class Station:
    """One run of `ringside edge`: a filler and its workers, and what has been heard from them."""

    def __init__(
        self, event: Event, public: Public, folder: Path, verbose: bool, group: gateway.Config | None = None
    ) -> None:
        filling = event.fill
        assert filling is not None
        self.event = event
        self.public = public
        self.supervisor = Supervisor(Wall(), self.hear, verbose)
        self.ready = asyncio.Event()
        self._unready: set[str] = set()
        self._feed = folder / "feed"
        name = " and ".join(urlsplit(origin).netloc for origin in filling.origins)
        told: dict[str, Any] = {
            "fill": filling.model_dump(mode="json"), "feed": str(self._feed), "event": f"Edge of {name}",
        }  # fmt: skip
        if group is not None:
            told["multicast"] = group.model_dump(mode="json")
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
        if sentence := receiving.said(report):
            say(f"  {sentence}")
        if "note" in report:
            self.supervisor.order(self.filler, {"note": f"{child.name}: {report['note']}"})

    def _begin(self, mode: str) -> None:
        self.filler.config["fill"]["mode"] = mode  # one that is started again need not find out
        if self._mode:
            return
        self._mode = mode
        say(f"  [green]{MODES.get(mode, mode)}[/]")
        if mode == "pull" and "multicast" in self.filler.config:
            say("  [yellow]no multicast: the origin would have to be Ringside, and give its feed[/]")
        workers = self.public.workers(self._feed, pull=mode == "pull")
        self._unready = {worker.name for worker in workers}
        for worker in workers:
            self.supervisor.start(worker)
        self._publish(mode)

    def _publish(self, mode: str) -> None:
        """Publish over MoQ, if that is wanted."""
        publisher = moq.child(self.event.moq, self.event.edge, self.public.port, self._feed)
        if publisher is not None and mode == "pull":
            say("  [yellow]no MoQ: what is pulled has no chunks to publish; the origin would have to be Ringside[/]")
        elif publisher is not None:
            self.supervisor.start(publisher)

    def _say(self, state: str) -> None:
        before, self._state = self._state, state
        if state in ORIGIN_SAYS and state != before and (state != "live" or before == "lost"):
            say("  " + ORIGIN_SAYS[state])

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


def banner(event: Event, public: Public, origin: str, group: gateway.Config | None = None) -> None:
    """Say where everything is."""
    here, elsewhere = shown(event.edge.host, public.port, "https" if event.edge.tls_cert else "http")
    also = f"   (elsewhere: {elsewhere})" if elsewhere != here else ""
    count = len(public.listeners)
    say(f"[bold]Ringside {__version__}[/]  edge of [bold]{origin}[/], {count} worker{'s' * (count > 1)}")
    say(f"  watch    [bold cyan]{here}[/]{also}")
    say(f"  status   {here}status")
    if line := moq.banner(event.moq, public.port):
        say(line)
    if group is not None:
        say(receiving.banner(group))
    say("  Ctrl-C ends it; SIGTERM lets its viewers finish first")


async def _serve(event: Event, public: Public, folder: Path, verbose: bool, group: gateway.Config | None) -> None:
    station = Station(event, public, folder, verbose, group)
    station.supervisor.start(station.filler)
    await station.supervisor.until(station.course(), tell=station.filler)


def run(path: Path | None, changes: dict[str, dict[str, Any]], wishes: Wishes, verbose: bool) -> None:
    """Serve until interrupted or replaced. Raises RingsideError."""
    setup_log("ringside", verbose)
    for table, fields in changes_of(wishes).items():
        changes[table] = {**changes.get(table, {}), **fields}
    group = receiving.group_of(wishes.group, Wall().now_ns())
    receiving.check(group, changes, path)
    event = settled(load(path, changes), wishes)
    assert event.fill is not None
    if group is not None and len(event.fill.origins) > 1:
        raise Misconfigured("--multicast goes with one --origin: the one that the group is sent from")
    public = Public(event.edge, "edge", wishes.takeover, "--takeover replaces it without dropping anyone")
    try:
        moq.check(event.moq, event.edge, public.port, shared=public.old is not None)
        banner(event, public, " and ".join(event.fill.origins), group)
        with private_folder() as folder:
            asyncio.run(_serve(event, public, folder, verbose, group))
    finally:
        public.close()
