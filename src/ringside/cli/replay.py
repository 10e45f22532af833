"""`ringside replay`: an event that is over, served on demand out of its archive, by the same workers as ever."""

import asyncio
from fractions import Fraction
from pathlib import Path
from typing import Any

from ringside import __version__
from ringside.cli import archives
from ringside.cli import event as event_file
from ringside.cli.console import say
from ringside.cli.ports import shown as addresses
from ringside.cli.public import Public, private_folder
from ringside.cli.supervisor import Child, Supervisor
from ringside.cli.when import lasting, shown
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.core.media import NS_PER_S
from ringside.core.telemetry import setup_log


def listing(archive: str | None, event: str) -> str:
    """The sessions that there are, of `event` or of all, a line each. Raises RingsideError."""
    return archives.table(asyncio.run(archives.indexes(archive, event)), archive, event)


def run(name: str | None, archive: str | None, session: str | None, edge: dict[str, Any], verbose: bool) -> None:
    """Serve until interrupted. Raises RingsideError."""
    if name is None:
        raise Misconfigured("EVENT is missing: which event to serve; --list says what there is")
    setup_log("ringside", verbose)
    event = event_file.load(None, {"edge": edge, "event": {"name": name}})
    found = asyncio.run(archives.one(archive, name, session))
    public = Public(event.edge, "replay")
    try:
        here, elsewhere = addresses(event.edge.host, public.port)
        length_s = Fraction(max(0, found.until_ns - found.began_ns), NS_PER_S)
        when = f"{lasting(int(length_s))} on {_day(found.began_ns)}"
        say(f"[bold]Ringside {__version__}[/]  replay of [bold]{name}[/], {when}")
        if not found.ended_ns:
            say("  [yellow]this event has not ended, or nobody was there to say so: what is kept by now is served[/]")
        say(f"  watch    [bold cyan]{here}?replay={name}[/]")
        if elsewhere != here:
            say(f"           {elsewhere}?replay={name}   (from elsewhere)")
        say(f"  HLS      {here}replay/{name}/index.m3u8")
        say(f"  DASH     {here}replay/{name}/index.mpd")
        say(f"  status   {here}status")
        told = {"event": name, "archive": archives.url_of(archive), "session": found.session}
        with private_folder() as folder:
            asyncio.run(_serve(public, told, folder, verbose))
    finally:
        public.close()


async def _serve(public: Public, told: dict[str, Any], folder: Path, verbose: bool) -> None:
    feed = folder / "feed"
    supervisor = Supervisor(Wall(), lambda child, report: None, verbose)
    library = Child("replay", "replay", {**told, "feed": str(feed)})
    supervisor.start(library)
    for worker in public.workers(feed, cache=False):
        supervisor.start(worker)
    public.announce(supervisor)
    await supervisor.until(asyncio.Event().wait(), tell=library)  # type: ignore[arg-type]


def _day(began_ns: int) -> str:
    return shown(Fraction(began_ns, NS_PER_S))[:16]
