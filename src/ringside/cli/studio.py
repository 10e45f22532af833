"""`ringside studio`: capture, encode and package here; push to an origin, or to several."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ringside.cli import event as event_file
from ringside.cli.console import say
from ringside.cli.event import Event
from ringside.cli.publishing import prepare
from ringside.cli.supervisor import Child, Supervisor
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.core.studio import NotAStudio, Studio, name_from
from ringside.core.telemetry import setup_log
from ringside.flow.mux.aio import origins_of

ENDING_S = 3.0


def known_as(name: str | None = None, order: int = 0) -> Studio:
    """Who this studio is to an origin: unless named, it has this machine's name. Raises Misconfigured."""
    studio = Studio(order, name_from(socket.gethostname()) if name is None else name)
    try:
        return Studio.from_header(studio.to_header())
    except NotAStudio:
        raise Misconfigured(
            f"--name {name}: a studio's name has letters, digits, '.', '-' and '_', at most 64 of them"
        ) from None


def studio_child(
    event: Event, to: str | Sequence[str], token: str, trace: Path | None, studio: Studio | None = None
) -> Child:
    """A studio that pushes `event` to the origin at `to`; the origin knows it as `studio`."""
    dumped = event.model_dump(mode="json")
    told = {name: dumped[name] for name in ("event", "source", "encode")}
    header = (studio or known_as()).to_header()
    origins = [to] if isinstance(to, str) else list(to)
    config = {"event": told, "to": origins, "token": token, "trace": str(trace) if trace else "", "studio": header}
    return Child("studio", "studio", config, stdin=_reads_input(event), ends_on_order=True)


def _reads_input(event: Event) -> bool:
    """Whether one of its inputs is standard input."""
    return any(one.url == "-" for one in event.source.inputs)


async def _push(studio: Child, duration_s: float | None, verbose: bool) -> None:
    ready = asyncio.Event()

    def hear(_: Child, report: dict[str, Any]) -> None:
        if report.get("ready"):
            ready.set()

    supervisor = Supervisor(Wall(), hear, verbose)
    supervisor.start(studio)

    async def course() -> None:
        await ready.wait()
        say("  [green]encoding[/]")
        if duration_s is None:
            await asyncio.Event().wait()
            return
        await asyncio.sleep(duration_s)
        await supervisor.finish(studio, ENDING_S)

    await supervisor.until(course(), tell=studio)


def run(
    path: Path | None,
    changes: dict[str, dict[str, Any]],
    to: Sequence[str],
    duration_s: float | None,
    trace: Path | None,
    verbose: bool,
    studio: Studio | None = None,
) -> None:
    """Push until interrupted or the event ends. Raises RingsideError."""
    setup_log("ringside", verbose)
    event = event_file.load(path, changes)
    if not event.origin.ingest_token:
        raise Misconfigured("--ingest-token is missing: the origin prints the one it wants")
    origins_of(to, event.origin.ingest_token, event.event.name)
    source, publish_to = prepare(event.source)
    event = event.model_copy(update={"source": source})
    say(f"[bold]Ringside[/] studio of event [bold]{event.event.name}[/], pushing to {' and '.join(to)}")
    for address in publish_to:
        say(f"  publish  {address}")
    say("  Ctrl-C ends the event")
    child = studio_child(event, to, event.origin.ingest_token, trace, studio)
    asyncio.run(_push(child, duration_s, verbose))
