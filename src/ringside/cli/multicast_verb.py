"""The options of `ringside multicast send`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ringside.cli.console import sentences

EXAMPLE = (
    "Example:  ringside multicast send --origin http://origin:8080 --group 239.1.1.1:5000 --description stadium.xml"
)

app = typer.Typer(
    name="multicast",
    help="One stream out, any number of edges fed: on networks of your own.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
WHAT, NETWORK, SAFETY, GATEWAYS = "What is sent", "On the network", "Against loss", "For the gateways"


def _option(*names: str, panel: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=panel, help=help, show_default=False, **more)


Origin = Annotated[
    str, _option("--origin", panel=WHAT, metavar="URL", help="A Ringside origin or edge, e.g. http://origin:8080.")
]
Track = Annotated[
    list[str] | None,
    _option("--track", panel=WHAT, metavar="NAME", help="Send this track, e.g. v720. Repeatable. (default all)"),
]
FeedToken = Annotated[
    str | None,
    _option(
        "--feed-token", panel=WHAT, metavar="T", envvar="RINGSIDE_FEED_TOKEN", help="What the origin asks of edges."
    ),
]
Group = Annotated[
    str,
    _option(
        "--group", panel=NETWORK, metavar="ADDR:PORT", help="Where to, e.g. 239.1.1.1:5000, or source-specific 232.…"
    ),
]
Source = Annotated[
    str | None,
    _option(
        "--source", panel=NETWORK, metavar="ADDR", help="Which address sends: gateways then take nothing from others."
    ),
]
Interface = Annotated[
    str | None,
    _option(
        "--interface",
        panel=NETWORK,
        metavar="IF",
        help="Network card, by name or address. (default that of --source, or of the route)",
    ),
]
Ttl = Annotated[
    int | None,
    _option(
        "--ttl",
        panel=NETWORK,
        help="How many networks far: 0 this machine, 1 this network, more with routers. (default 1)",
    ),
]
Rate = Annotated[
    str | None,
    _option(
        "--rate",
        panel=NETWORK,
        metavar="BITS",
        help="At most so fast, e.g. 20M a second. (default 2.5 times what the tracks need)",
    ),
]
Depth = Annotated[
    int | None,
    _option(
        "--depth",
        panel=NETWORK,
        metavar="BYTES",
        help="What may leave at once: the bucket. (default 5 ms of the rate, at least 16384)",
    ),
]
Symbol = Annotated[
    int | None,
    _option(
        "--symbol",
        panel=NETWORK,
        metavar="BYTES",
        help="Of media in a packet; 92 come on top and must fit the MTU. (default 1280)",
    ),
]
Fec = Annotated[
    str | None,
    _option("--fec", panel=SAFETY, metavar="raptorq|rs|none", help="How lost packets are mended. (default raptorq)"),
]
Overhead = Annotated[
    int | None,
    _option("--overhead", panel=SAFETY, metavar="PERCENT", help="Repair packets, of media packets. (default 12)"),
]
Repair = Annotated[
    list[str] | None,
    _option(
        "--repair",
        panel=GATEWAYS,
        metavar="URL",
        help="Where gateways fetch what was lost. Repeatable. (default the origin)",
    ),
]
Description = Annotated[
    Path | None,
    _option(
        "--description",
        panel=GATEWAYS,
        metavar="FILE",
        help="Written for the gateways: it holds the key. (default multicast.xml)",
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")]


@app.callback()
def multicast() -> None:
    """One stream out, any number of edges fed: on networks of your own."""


@app.command(epilog=EXAMPLE)
def send(
    origin: Origin,
    group: Group,
    track: Track = None,
    feed_token: FeedToken = None,
    source: Source = None,
    interface: Interface = None,
    ttl: Ttl = None,
    rate: Rate = None,
    depth: Depth = None,
    symbol: Symbol = None,
    fec: Fec = None,
    overhead: Overhead = None,
    repair: Repair = None,
    description: Description = None,
    verbose: Verbose = False,
) -> None:
    """Send every chunk of an event once, to a group that any number of edges take it from.

    Edges begin with `ringside edge --origin URL --multicast FILE`, where FILE is the description that is written here.
    """
    from ringside.cli import multicast as verb

    given = locals()
    with sentences():
        verb.run({name: given[name] for name in verb.OPTIONS}, verbose)
