"""`ringside restream`: the programme of an origin pushed on to other services.

Options enter; pushing that goes on until Ctrl-C leaves, and a line a second about each service on the terminal.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from ringside.cli.console import console, sentences
from ringside.core.clock import Wall
from ringside.core.ends import first, signalled
from ringside.core.errors import Misconfigured
from ringside.core.telemetry import setup_log
from ringside.flow.relay.restream import Config

if TYPE_CHECKING:
    from ringside.flow.relay.restream.outlet import Tools

EXAMPLE = "Example:  ringside restream --origin http://origin:8080 --to rtmps://live.example/app/KEY --track v720"

Origin = Annotated[
    str, typer.Option("--origin", metavar="URL", help="A Ringside origin or edge, e.g. http://origin:8080.")
]
To = Annotated[
    list[str],
    typer.Option(
        "--to", metavar="URL", help="rtmp(s)://HOST/APP/KEY or srt://HOST:PORT?streamid=ID&passphrase=P. Repeatable."
    ),
]
Track = Annotated[
    str,
    typer.Option("--track", metavar="NAME", help="The picture to send, e.g. v720. (default the largest in H.264)",
                 show_default=False),
]  # fmt: skip
Sound = Annotated[
    str, typer.Option("--sound", metavar="NAME", help="The sound to send. (default the best)", show_default=False)
]
FeedToken = Annotated[
    str, typer.Option("--feed-token", envvar="RINGSIDE_FEED_TOKEN", help="What the origin asks of edges.",
                      show_default=False)
]  # fmt: skip
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")]


def restream(
    origin: Origin, to: To, track: Track = "", sound: Sound = "", feed_token: FeedToken = "", verbose: Verbose = False
) -> None:
    """Push the programme on to other services, over RTMP(S) or SRT; nothing is encoded anew."""
    with sentences():
        configs = [config_of(url, track, sound) for url in to]
        setup_log("ringside", verbose)
        asyncio.run(_push(origin.rstrip("/"), feed_token, configs))


def config_of(url: str, track: str = "", sound: str = "") -> Config:
    """One service, as it was typed. Raises Misconfigured."""
    try:
        return Config(url=url, track=track, sound=sound)
    except ValidationError as error:
        first_error = error.errors(include_url=False, include_input=False)[0]  # what was typed may hold a key
        option = f"--{first_error['loc'][0]}" if first_error["loc"] and first_error["loc"][0] != "url" else "--to"
        raise Misconfigured(f"{option}: {first_error['msg'].removeprefix('Value error, ')}") from None


def tools() -> "Tools":
    """How published media is made into what services take."""
    from ringside.flow.mux.remux import Flv, Programme
    from ringside.flow.mux.remux.ts import Ts
    from ringside.flow.relay.restream.outlet import Tools

    return Tools(Programme, {"rtmp": Flv, "srt": Ts})


async def _push(origin: str, token: str, configs: Sequence[Config]) -> None:
    from ringside.flow.relay.restream.aio import Restreams, line, watched

    restreams = Restreams(origin, token, configs, tools(), Wall())
    _say(f"Ringside sends [bold]{origin}[/] on to {', '.join(each.name for each in restreams.all)}")
    _say("  Ctrl-C ends it")

    def tell(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            console.print(f"  {line(row)}", soft_wrap=True, markup=False)

    await first(watched(restreams, tell), signalled())


def _say(text: str) -> None:
    console.print(text, soft_wrap=True)
