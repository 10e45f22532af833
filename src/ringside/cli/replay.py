"""`ringside replay`: an event that is over, served on demand out of its archive, by the same workers as ever."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from ringside import __version__
from ringside.cli import archives
from ringside.cli import event as event_file
from ringside.cli.console import say, sentences
from ringside.cli.ports import shown as addresses
from ringside.cli.public import Public
from ringside.cli.supervisor import Child, Supervisor
from ringside.cli.when import lasting, shown
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.core.media import NS_PER_S
from ringside.core.telemetry import setup_log

EXAMPLE = "Example:  ringside replay final --port 8080    or what there is:  ringside replay --list"


def replay(
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="The event's name.", show_default=False)] = None,
    archive: archives.Where = None,
    session: archives.Session = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Say what there is, of EVENT or of all, and serve nothing.")
    ] = False,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="For viewers. (default 8080)")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on. (default 0.0.0.0)")] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", "-w", metavar="N", min=1, max=256, help="Processes that serve. (default 1)"),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Serve a recorded event on demand: HLS and DASH, and the page that plays them."""
    with sentences():
        if list_:
            typer.echo(archives.table(asyncio.run(archives.indexes(archive, event or "")), archive, event or ""))
            return
        if event is None:
            raise Misconfigured("EVENT is missing: which event to serve; --list says what there is")
        values = {"host": host, "port": port, "workers": workers}
        serve(event, archive, session, {name: value for name, value in values.items() if value is not None}, verbose)


def serve(name: str, archive: str | None, session: str | None, edge: dict[str, Any], verbose: bool) -> None:
    """Serve until interrupted. Raises RingsideError."""
    setup_log("ringside", verbose)
    event = event_file.load(None, {"edge": edge, "event": {"name": name}})
    found = asyncio.run(archives.one(archive, name, session))
    public = Public(event.edge, "replay")
    try:
        here, elsewhere = addresses(event.edge.host, public.port)
        also = f"   (elsewhere: {elsewhere}?replay={name})" if elsewhere != here else ""
        length_s = Fraction(max(0, found.until_ns - found.began_ns), NS_PER_S)
        when = f"{lasting(int(length_s))} on {_day(found.began_ns)}"
        say(f"[bold]Ringside {__version__}[/]  replay of [bold]{name}[/], {when}")
        if not found.ended_ns:
            say("  [yellow]this event has not ended, or nobody was there to say so: what is kept by now is served[/]")
        say(f"  watch    [bold cyan]{here}?replay={name}[/]{also}")
        say(f"  HLS      {here}replay/{name}/index.m3u8")
        say(f"  DASH     {here}replay/{name}/index.mpd")
        say(f"  status   {here}status")
        told = {"event": name, "archive": archives.url_of(archive), "session": found.session}
        with _private_folder() as folder:
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


@contextmanager
def _private_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ringside-"))  # readable by us alone
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
