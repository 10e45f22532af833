"""`ringside origin`: take what studios push, serve everything."""

import asyncio
from pathlib import Path
from typing import Any

from ringside.cli import event as event_file
from ringside.cli.console import say
from ringside.cli.house import House, addresses, page
from ringside.cli.supervisor import Child, Supervisor
from ringside.core.clock import Wall
from ringside.core.telemetry import setup_log


async def _serve(house: House, verbose: bool) -> None:
    def hear(child: Child, report: dict[str, Any]) -> None:
        house.hear(child, report)
        if report.get("on_air"):
            say("  [green]on the air[/]")
        if report.get("ended"):
            say("  the event has ended; its window stays until Ctrl-C")

    supervisor = Supervisor(Wall(), hear, verbose)
    origin = house.start(supervisor)
    await supervisor.until(asyncio.Event().wait(), tell=origin)  # type: ignore[arg-type]


def run(path: Path | None, changes: dict[str, dict[str, Any]], verbose: bool) -> None:
    """Serve until interrupted. Raises RingsideError."""
    setup_log("ringside", verbose)
    event = event_file.load(path, changes)
    house = House(event, "origin")
    try:
        shown, _ = addresses(event)
        say(f"[bold]Ringside[/] origin of event [bold]{event.event.name}[/]")
        say(f"  ingest   {shown}ingest/{event.event.name}/TRACK")
        if not event.origin.ingest_token:
            say(f"  token    {house.token}   (made up now; choose one with --ingest-token)")
        if house.session.resumed:
            say(f"  session  {house.session.folder.name} is gone on with")
        say(f"  watch    [bold cyan]{shown}{page(event)}[/]")
        say(f"  status   {shown}status")
        asyncio.run(_serve(house, verbose))
    finally:
        house.close()
