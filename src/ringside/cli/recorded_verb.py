"""The options of `ringside replay` and `ringside clip`: what is done with an event that was recorded."""

from pathlib import Path
from typing import Annotated

import typer

from ringside.cli.console import sentences

REPLAY_EXAMPLE = "Example:  ringside replay final --port 8080    or what there is:  ringside replay --list"
CLIP_EXAMPLE = "Example:  ringside clip final --from 20:15:30 --to 20:16 -o goal.mp4"

Archive = Annotated[
    str | None,
    typer.Option(
        "--archive",
        metavar="URL",
        envvar="RINGSIDE_ARCHIVE",
        help="A folder, or s3://BUCKET/PREFIX and the like. (default: where this user's events are kept)",
    ),
]
Session = Annotated[
    str | None,
    typer.Option(
        "--session", metavar="S", help="Which time the event was on, as `replay --list` says. (default: the last)"
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", "-w", metavar="N", min=1, max=256, help="Processes that serve. (default 1)")
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="T",
        help="20:15:30 (UTC), 2026-11-23T20:15:30Z, 90 or +1:30 (from the beginning), -30 (from the end).",
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The MP4 to write.")]


def replay(
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="The event's name.", show_default=False)] = None,
    archive: Archive = None,
    session: Session = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Say what there is, of EVENT or of all, and serve nothing.")
    ] = False,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="For viewers. (default 8080)")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on. (default 0.0.0.0)")] = None,
    workers: Workers = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Serve a recorded event on demand: HLS and DASH, and the page that plays them."""
    from ringside.cli import replay as verb

    with sentences():
        if list_:
            typer.echo(verb.listing(archive, event or ""))
        else:
            edge = {"host": host, "port": port, "workers": workers}
            given = {name: value for name, value in edge.items() if value is not None}
            verb.run(event, archive, session, given, verbose)


def clip(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's name.")],
    start: From,
    end: Annotated[str, typer.Option("--to", metavar="T", help="The same; the frame at this instant is not in it.")],
    out: Out,
    archive: Archive = None,
    session: Session = None,
    track: Annotated[
        str | None, typer.Option("--track", metavar="NAME", help="Of the pictures, e.g. v720. (default: the best)")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Write over a file that is there.")] = False,
) -> None:
    """Cut a stretch out of a recorded event: an MP4 that plays anywhere, exact to the frame, nothing encoded anew.

    The file also has the frames back to the key frame before, which are not shown; whoever looks into it can see them.
    """
    from ringside.cli import clip as verb

    with sentences():
        verb.run(verb.Wish(event, start, end, out, archive, session, track, force))
