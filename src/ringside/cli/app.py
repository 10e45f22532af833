"""The verbs of `ringside`, with their options; each hands over to the module of its name."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ringside import __version__
from ringside.cli import crowd_verb, edge_verb, moq, multicast_verb, recorded_verb, target
from ringside.cli import restream as restream_verb
from ringside.cli import source as source_verb
from ringside.cli.console import sentences
from ringside.core.errors import Misconfigured


class Verbs(TyperGroup):
    """The verbs; one may be of two words, of which the first is a verb too (`crowd`, `crowd worker`)."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The longest verb that `args` begin with."""
        two = self.get_command(ctx, " ".join(args[:2]))
        return (two.name, two, args[2:]) if two is not None else super().resolve_command(ctx, args)


app = typer.Typer(
    name="ringside",
    cls=Verbs,
    help="Carries a live event from a camera to every viewer at the same instant.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

SourceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="testcard (default), a file or http(s) URL, rtmp://HOST:PORT/live, srt://HOST:PORT or "
        "whip://HOST:PORT/PATH to be published to, udp://ADDR:PORT (MPEG-TS, multicast included), "
        "or - (MPEG-TS on standard input).",
        show_default=False,
    ),
]
BackupOption = Annotated[
    list[str] | None,
    typer.Option(
        "--backup",
        metavar="SOURCE",
        help="Stands in while SOURCE is lost, black or frozen. Repeatable, the best first; all are open at once.",
    ),
]
EventOption = Annotated[Path | None, typer.Option("--event", metavar="FILE", help="Event file (TOML).")]
PortOption = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port for viewers. (default 8080)")]
HostOption = Annotated[str | None, typer.Option("--host", help="Address to listen on. (default 0.0.0.0)")]
LoopOption = Annotated[bool, typer.Option("--loop", help="Play a file again when it ends.")]
StripOption = Annotated[
    bool, typer.Option("--burn-strip", help="Draw the capture time on the picture, machine-readable.")
]
TakeoverOption = Annotated[bool, typer.Option("--takeover", help="Let a second publisher replace the first.")]
TokenOption = Annotated[
    str | None,
    typer.Option("--ingest-token", envvar="RINGSIDE_INGEST_TOKEN", help="Token that publishers must present."),
]
FeedTokenOption = Annotated[
    str | None,
    typer.Option("--feed-token", envvar="RINGSIDE_FEED_TOKEN", help="Token that edges must present to be fed."),
]
ArchiveOption = Annotated[
    str | None,
    typer.Option(
        "--archive",
        metavar="URL",
        help="Where finished segments are kept: a folder, or an object store (s3://BUCKET/PREFIX). "
        "(default: a folder of this user)",
    ),
]
NoArchiveOption = Annotated[bool, typer.Option("--no-archive", help="Keep nothing once the DVR has let go of it.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ringside {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Ringside carries a live event from a camera to every viewer at the same instant."""


def _overrides(**groups: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Options that were given, by table of the event file."""
    return {
        table: {k: v for k, v in values.items() if v is not None and v is not False} for table, values in groups.items()
    }


def _source(url: str | None, backups: list[str] | None, loop: bool, burn_strip: bool, takeover: bool) -> dict[str, Any]:
    """The options of `[source]`; what plays a file again and lets a publisher take over holds for backups too."""
    each = {key: True for key, on in (("loop", loop), ("takeover", takeover)) if on}
    backup = [{"url": one, **each} for one in backups] if backups else None
    return {"url": url, "loop": loop, "burn_strip": burn_strip, "takeover": takeover, "backup": backup}


def _archive(url: str | None, none: bool) -> dict[str, dict[str, Any]]:
    """What the options say of the archive."""
    if url and none:
        raise Misconfigured("--archive and --no-archive contradict each other; give one of them")
    return {"archive": {"on": False} if none else {"url": url} if url else {}}


@app.command(epilog="Example:  ringside live rtmp://0.0.0.0:1935/live --backup back-soon.mp4 --loop --port 8080")
def live(
    source: SourceArgument = None,
    event: EventOption = None,
    port: PortOption = None,
    host: HostOption = None,
    duration: Annotated[
        float | None, typer.Option(min=1, help="End the event after so many seconds on the air.")
    ] = None,
    linger: Annotated[
        float | None, typer.Option(min=0, help="Serve the ended event for so many seconds. (default 12)")
    ] = None,
    backup: BackupOption = None,
    loop: LoopOption = False,
    burn_strip: StripOption = False,
    takeover: TakeoverOption = False,
    ingest_token: TokenOption = None,
    feed_token: FeedTokenOption = None,
    archive: ArchiveOption = None,
    no_archive: NoArchiveOption = False,
    moq_on: moq.On = False,
    moq_port: moq.Port = None,
    moq_relay: moq.Relay = None,
    trace: Annotated[Path | None, typer.Option(help="Write a JSON line for each chunk encoded.")] = None,
    verbose: VerboseOption = False,
) -> None:
    """Carry a whole event on this machine: source, encoder, origin, edge and watch page."""
    from ringside.cli import live as verb

    changes = _overrides(
        event={"linger_s": linger},
        source=_source(source, backup, loop, burn_strip, takeover),
        edge={"host": host, "port": port},
        origin={"ingest_token": ingest_token, "feed_token": feed_token},
        moq=moq.changes(moq_on, moq_port, moq_relay),
    )
    with sentences():
        changes |= _archive(archive, no_archive)
        verb.run(event, changes, duration_s=duration, trace=trace, verbose=verbose)


@app.command(epilog="Example:  ringside studio clip.mp4 --to http://origin:8080 --ingest-token SECRET")
def studio(
    to: Annotated[
        list[str],
        typer.Option("--to", metavar="URL", help="An origin, e.g. http://origin:8080. Repeatable: each gets it all."),
    ],
    source: SourceArgument = None,
    event: EventOption = None,
    ingest_token: TokenOption = None,
    duration: Annotated[float | None, typer.Option(min=1, help="End the event after so many seconds.")] = None,
    backup: BackupOption = None,
    loop: LoopOption = False,
    burn_strip: StripOption = False,
    takeover: TakeoverOption = False,
    name: Annotated[
        str | None, typer.Option("--name", help="What the origin calls this studio. (default: this machine's name)")
    ] = None,
    order: Annotated[
        int, typer.Option("--order", min=0, max=999, help="Of several studios of an event the lowest is taken first.")
    ] = 0,
    trace: Annotated[Path | None, typer.Option(help="Write a JSON line for each chunk encoded.")] = None,
    verbose: VerboseOption = False,
) -> None:
    """Capture, encode and package here; push to an origin (CMAF over HTTP, DASH-IF Live Media Ingest)."""
    from ringside.cli import studio as verb

    changes = _overrides(
        source=_source(source, backup, loop, burn_strip, takeover),
        origin={"ingest_token": ingest_token},
    )
    with sentences():
        verb.run(
            event, changes, to, duration_s=duration, trace=trace, verbose=verbose, studio=verb.known_as(name, order)
        )


@app.command(epilog="Example:  ringside origin --port 8080 --ingest-token SECRET")
def origin(
    event: EventOption = None,
    port: PortOption = None,
    host: HostOption = None,
    ingest_token: TokenOption = None,
    feed_token: FeedTokenOption = None,
    takeover: TakeoverOption = False,
    archive: ArchiveOption = None,
    no_archive: NoArchiveOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Take what studios push and serve it: window, manifests, pages. A stock ffmpeg can be the studio."""
    from ringside.cli import origin as verb

    changes = _overrides(
        edge={"host": host, "port": port},
        origin={"ingest_token": ingest_token, "feed_token": feed_token, "takeover": takeover},
    )
    with sentences():
        changes |= _archive(archive, no_archive)
        verb.run(event, changes, verbose=verbose)


@app.command(epilog=f"{edge_verb.EXAMPLE}\n\n{edge_verb.SEVERAL_EXAMPLE}\n\n{edge_verb.MULTICAST_EXAMPLE}")
def edge(
    origin: edge_verb.Origin = None,
    event: EventOption = None,
    port: PortOption = None,
    host: HostOption = None,
    workers: edge_verb.Workers = None,
    tls: edge_verb.Tls = None,
    pull: edge_verb.Pull = False,
    memory: edge_verb.Memory = None,
    ignore_query: edge_verb.IgnoreQuery = None,
    feed_token: FeedTokenOption = None,
    takeover: edge_verb.Takeover = False,
    multicast: edge_verb.Multicast = None,
    repair: edge_verb.Repair = None,
    interface: edge_verb.Interface = None,
    moq_on: moq.On = False,
    moq_port: moq.Port = None,
    moq_relay: moq.Relay = None,
    verbose: VerboseOption = False,
) -> None:
    """Cache a live event near its viewers: one request to the origin for each object, the crowd held until it is here.

    Any HLS or DASH origin will do. From one that is Ringside everything comes by itself, over one connection.
    """
    from ringside.cli import edge as verb
    from ringside.cli.receiving import Group

    changes = _overrides(
        edge={"host": host, "port": port, "workers": workers},
        fill={**verb.origins(origin), "mode": "pull" if pull else None, "feed_token": feed_token},
        moq=moq.changes(moq_on, moq_port, moq_relay),
    )
    group = Group(multicast, tuple(repair or ()), interface or "")
    with sentences():
        verb.run(event, changes, verb.Wishes(memory, ignore_query or (), tls, takeover, group), verbose)


app.add_typer(multicast_verb.app, name="multicast")
app.command("target", epilog=target.EXAMPLE)(target.target)
app.command("restream", epilog=restream_verb.EXAMPLE)(restream_verb.restream)
app.command("source", epilog=source_verb.EXAMPLE)(source_verb.source)
app.command("replay", epilog=recorded_verb.REPLAY_EXAMPLE)(recorded_verb.replay)
app.command("clip", epilog=recorded_verb.CLIP_EXAMPLE)(recorded_verb.clip)
app.command("crowd", epilog=crowd_verb.EXAMPLE)(crowd_verb.crowd)
app.command("crowd worker", epilog=crowd_verb.WORKER_EXAMPLE)(crowd_verb.worker)


@app.command(
    epilog="Example:  ringside check http://127.0.0.1:8080/live/main/index.m3u8 --seconds 30 --json found.json"
)
def check(
    url: Annotated[str | None, typer.Argument(metavar="URL", help="HLS playlist or DASH manifest.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", "-s", help="How long to watch.")] = 30.0,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write what was found; - is standard output.")
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="Sent with each request. Repeatable."),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Do not verify the server's certificate.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="List every rule, and watch nothing.")] = False,
) -> None:
    """Is this stream conformant? HLS, LL-HLS, DASH, LL-DASH: as written, over time, over HTTP, inside the boxes.

    Exit status 1 where a MUST of a specification is broken.
    """
    from ringside.cli import check as verb

    with sentences():
        verb.run(url, seconds, json, header or [], insecure, rules)
