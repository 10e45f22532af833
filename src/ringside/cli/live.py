"""`ringside live`: a whole event on this machine, supervised."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ringside import __version__
from ringside.cli import event as event_file
from ringside.cli import moq
from ringside.cli.console import say
from ringside.cli.event import Event
from ringside.cli.house import House, addresses, page
from ringside.cli.publishing import prepare
from ringside.cli.studio import studio_child
from ringside.cli.supervisor import Child, Supervisor
from ringside.core.clock import Wall
from ringside.core.telemetry import setup_log
from ringside.flow.capture.spec import parse

ENDING_S = 3.0


class Night:
    """One run of `ringside live`: what has been heard from the children, and what follows from it."""

    def __init__(self, house: House, studio: Child, verbose: bool) -> None:
        self._house = house
        self.linger_s = house.event.event.linger_s
        self.supervisor = Supervisor(Wall(), self.hear, verbose)
        self.on_air = asyncio.Event()
        self.ended = asyncio.Event()
        self.studio = studio
        self.origin = house.start(self.supervisor)
        if house.source is not None:
            house.source.studio = studio
        self.supervisor.start(studio)

    def hear(self, child: Child, report: dict[str, Any]) -> None:
        """A child's report."""
        self._house.hear(child, report)
        if report.get("on_air"):
            self.on_air.set()
        if report.get("ended"):
            self.ended.set()
        if "note" in report:
            self.supervisor.order(self.origin, {"note": f"{child.name}: {report['note']}"})

    async def course(self, duration_s: float | None) -> None:
        """The course of an event: on the air, for as long as it lasts; ended, and served a little longer."""
        await self.on_air.wait()
        say("  [green]on the air[/]")
        if duration_s is None:
            await asyncio.Event().wait()
            return
        await asyncio.sleep(duration_s)
        await self.supervisor.finish(self.studio, ENDING_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), ENDING_S)
        say(f"  the event has ended; serving its last seconds for {self.linger_s:.0f} s")
        await asyncio.sleep(self.linger_s)


def banner(event: Event, publish_to: Sequence[str], token: str) -> None:
    """Say where everything is. Who opens the operator's page may choose what is on the air: `token` is never sent."""
    shown, elsewhere = addresses(event)
    also = f"   (elsewhere: {elsewhere})" if elsewhere != shown else ""
    say(f"[bold]Ringside {__version__}[/]  event [bold]{event.event.name}[/] from {_from(event)}")
    say(f"  watch    [bold cyan]{shown}{page(event)}[/]{also}")
    say(f"  status   {shown}status#token={token}")
    if line := moq.banner(event.moq, event.edge.port):
        say(line)
    for address in publish_to:
        say(f"  publish  {address}")
    say("  Ctrl-C ends the event")


def _from(event: Event) -> str:
    """Its inputs, the wanted one first."""
    return ", then ".join(parse(one.url).name for one in event.source.inputs)


async def _carry(house: House, studio: Child, duration_s: float | None, verbose: bool) -> None:
    night = Night(house, studio, verbose)
    await night.supervisor.until(night.course(duration_s), tell=night.origin)


def run(
    path: Path | None, changes: dict[str, dict[str, Any]], duration_s: float | None, trace: Path | None, verbose: bool
) -> None:
    """Carry the event until it ends or is interrupted. Raises RingsideError."""
    setup_log("ringside", verbose)
    event = event_file.load(path, changes)
    source, publish_to = prepare(event.source)
    event = event.model_copy(update={"source": source})
    house = House(event, "live")
    try:
        studio = studio_child(event, house.ingest_url, house.token, trace)
        banner(event, publish_to, house.token)
        asyncio.run(_carry(house, studio, duration_s, verbose))
    finally:
        house.close()
