"""The options of `ringside crowd` and `ringside crowd worker`, grouped as a person thinks of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ringside.cli.console import sentences

EXAMPLE = "Example:  ringside crowd http://127.0.0.1:8080/live/main/index.m3u8 --viewers 3000 --report night.html"
WORKER_EXAMPLE = "Example:  ringside crowd worker --nats nats://TOKEN@coordinator:4222"

WHO, HOW, TROUBLE, REQUEST, RESULT, GENERATOR, MACHINES = (
    "Who comes",
    "How they watch",
    "What happens to them",
    "What they send",
    "What you get",
    "The generator",
    "More machines",
)


def _option(*names: str, panel: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=panel, help=help, show_default=False, **more)


Url = Annotated[str, typer.Argument(metavar="URL", help="HLS or LL-HLS playlist, DASH manifest, or push response.")]
Number = float | None

Viewers = Annotated[int | None, _option("--viewers", "-n", panel=WHO, help="How many. (default 100)")]
Arrive = Annotated[
    str | None,
    _option(
        "--arrive",
        panel=WHO,
        metavar="CURVE",
        help="flash (all in the same second, default), ramp, poisson, surge (4.3 % of the peak a minute) or "
        "trace=FILE (CSV: time_s,viewers).",
    ),
]
Over = Annotated[Number, _option("--over", panel=WHO, help="Seconds that the arrivals take. (default half the time)")]
Duration = Annotated[Number, _option("--duration", "-d", panel=WHO, help="Seconds in all. (default 60)")]
Churn = Annotated[Number, _option("--churn", panel=WHO, help="Share that leaves a minute, each replaced at once.")]
Leave = Annotated[
    str | None, _option("--leave", panel=WHO, metavar="stay|mass", help="Whether all leave. (default stay)")
]
LeaveAt = Annotated[Number, _option("--leave-at", panel=WHO, help="Second at which the mass exit begins.")]
LeaveOver = Annotated[Number, _option("--leave-over", panel=WHO, help="Seconds that it takes. (default 10)")]

PlayerName = Annotated[
    str | None,
    _option(
        "--player",
        panel=HOW,
        metavar="NAME",
        help="Whose habits: hls.js, dash.js, shaka, push or ringside (our watch page). (default auto: by the URL)",
    ),
]
Plain = Annotated[bool, _option("--plain", panel=HOW, help="Ignore low latency: whole segments, no held playlists.")]
Networks = Annotated[
    str | None,
    _option(
        "--networks",
        panel=HOW,
        metavar="SHARES",
        help="Lines, e.g. fibre=0.7,4g=0.2,hotel=0.1, or a rate of one's own (3mbps@80ms). (default lan)",
    ),
]
Slow = Annotated[Number, _option("--slow", panel=HOW, help="Share that reads too slowly for any rung.")]
Dvr = Annotated[Number, _option("--dvr", panel=HOW, help="Share that watches behind live.")]
DvrS = Annotated[Number, _option("--dvr-s", panel=HOW, help="How many seconds behind. (default 60)")]

StormAt = Annotated[
    Number, _option("--storm-at", panel=TROUBLE, help="Second at which connections drop and come back.")
]
StormShare = Annotated[
    Number, _option("--storm-share", panel=TROUBLE, help="Share of the viewers it hits. (default 1)")
]

Headers = Annotated[
    list[str] | None,
    _option("--header", "-H", panel=REQUEST, metavar="'NAME: VALUE'", help="Sent each time. Repeatable."),
]
Query = Annotated[
    str | None, _option("--query", panel=REQUEST, metavar="TEXT", help="Added to each URL, e.g. token=abc.")
]
Cmcd = Annotated[int | None, _option("--cmcd", panel=REQUEST, metavar="1|2", help="Send CMCD of this version.")]
CmcdBy = Annotated[str | None, _option("--cmcd-by", panel=REQUEST, metavar="query|header", help="How. (default query)")]
Insecure = Annotated[bool, _option("--insecure", panel=REQUEST, help="Do not verify the server's certificate.")]

Json = Annotated[
    Path | None, _option("--json", panel=RESULT, metavar="FILE", help="Write the verdict; - is standard output.")
]
Ndjson = Annotated[Path | None, _option("--ndjson", panel=RESULT, metavar="FILE", help="Write a line per viewer.")]
Report = Annotated[
    Path | None, _option("--report", panel=RESULT, metavar="FILE", help="Write a page (HTML) to hand on.")
]
Seed = Annotated[
    int | None, _option("--seed", panel=RESULT, help="Play the same crowd again. (default drawn and shown)")
]

ProcessCount = Annotated[int | None, _option("--processes", "-p", panel=GENERATOR, help="Processes. (default 1)")]
LagLimit = Annotated[
    Number,
    _option("--lag-limit", panel=GENERATOR, metavar="MS", help="Loop lag (p99) that makes it saturated. (default 100)"),
]
CpuLimit = Annotated[
    Number, _option("--cpu-limit", panel=GENERATOR, metavar="SHARE", help="Share of a core that does. (default 0.9)")
]

Workers = Annotated[int | None, _option("--workers", panel=MACHINES, min=1, help="Play on so many other machines.")]
Nats = Annotated[
    str | None, _option("--nats", panel=MACHINES, metavar="URL", help="Where they are met. (default our own)")
]
NatsListen = Annotated[
    str, _option("--nats-listen", panel=MACHINES, metavar="ADDRESS", help="Where our own listens. (default 0.0.0.0)")
]
Wait = Annotated[float, _option("--wait", panel=MACHINES, min=1, help="Seconds to wait for them. (default 120)")]


def crowd(
    url: Url,
    viewers: Viewers = None,
    arrive: Arrive = None,
    over: Over = None,
    duration: Duration = None,
    churn: Churn = None,
    leave: Leave = None,
    leave_at: LeaveAt = None,
    leave_over: LeaveOver = None,
    player: PlayerName = None,
    plain: Plain = False,
    networks: Networks = None,
    slow: Slow = None,
    dvr: Dvr = None,
    dvr_s: DvrS = None,
    storm_at: StormAt = None,
    storm_share: StormShare = None,
    header: Headers = None,
    query: Query = None,
    cmcd: Cmcd = None,
    cmcd_by: CmcdBy = None,
    insecure: Insecure = False,
    json: Json = None,
    ndjson: Ndjson = None,
    report: Report = None,
    seed: Seed = None,
    processes: ProcessCount = None,
    lag_limit: LagLimit = None,
    cpu_limit: CpuLimit = None,
    workers: Workers = None,
    nats: Nats = None,
    nats_listen: NatsListen = "0.0.0.0",
    wait: Wait = 120.0,
) -> None:
    """Send a crowd that plays as real players do to any HLS, LL-HLS, DASH or push URL, and say what it felt."""
    raise typer.Exit(_play(locals()))


def _play(options: dict[str, Any]) -> int:
    """Send the crowd that was asked for; the exit status."""
    from ringside.cli import crowd as verb

    files = verb.Files(*(options.pop(name) for name in ("json", "ndjson", "report")))
    machines = verb.Machines(*(options.pop(name) for name in ("workers", "nats", "nats_listen", "wait")))
    if options.pop("plain"):
        options["low_latency"] = False
    fields = {option.strip("-").replace("-", "_"): field for field, option in verb.NAMES.items()}
    with sentences():
        return verb.run({fields.get(name, name): value for name, value in options.items()}, files, machines)


def worker(
    nats: Annotated[
        str, typer.Option("--nats", metavar="URL", help="Where orders come from: the line the coordinator prints.")
    ],
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes", "-p", min=1, max=1024, help="Processes. (default one per core)", show_default=False
        ),
    ] = None,
) -> None:
    """Lend this machine to crowds: take a share of what `ringside crowd URL --workers N` plays, as told over NATS."""
    from ringside.cli import crowd as verb

    with sentences():
        verb.work(nats, processes)
