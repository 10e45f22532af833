"""The options of `ringside edge`."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "Example:  ringside edge --origin http://origin:8080 --port 80 --workers 4"
SEVERAL_EXAMPLE = "Of two origins:  ringside edge --origin http://one:8080 --origin http://two:8080 --port 80"
MULTICAST_EXAMPLE = "Fed by a group:  ringside edge --multicast stadium.xml --port 80"

Origin = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        metavar="URL",
        help="Where the event is made or kept, e.g. http://origin:8080. Repeatable: when one fails, another is there.",
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", "-w", metavar="N", min=1, max=256, help="Processes that serve. (default 1)")
]
Tls = Annotated[
    tuple[Path, Path] | None,
    typer.Option("--tls", metavar="CERT KEY", help="Serve HTTPS with this certificate chain and key (PEM)."),
]
Pull = Annotated[bool, typer.Option("--pull", help="Take each object when it is asked for, even from Ringside.")]
Memory = Annotated[
    str | None, typer.Option("--memory", metavar="SIZE", help="For what is pulled, e.g. 512M. (default 1G)")
]
IgnoreQuery = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore-query",
        metavar="NAME",
        help="A query parameter that makes no other object, beside CMCD, CMSD, token, cat and CAT. Repeatable.",
    ),
]
MULTICAST = "Fed by a group"
Multicast = Annotated[
    str | None,
    typer.Option(
        "--multicast",
        metavar="FILE|URL",
        rich_help_panel=MULTICAST,
        help="Take what `ringside multicast send` sends, by its description; by unicast what the group does not give.",
    ),
]
Repair = Annotated[
    list[str] | None,
    typer.Option(
        "--repair",
        metavar="URL",
        rich_help_panel=MULTICAST,
        help="Ask here for what was lost, e.g. http://edge:8080. Repeatable. (default: as described, else the origin)",
    ),
]
Interface = Annotated[
    str | None,
    typer.Option(
        "--interface",
        metavar="IF",
        rich_help_panel=MULTICAST,
        help="Network card that joins the group, by name or address. (default: that of the route)",
    ),
]
Takeover = Annotated[
    bool, typer.Option("--takeover", help="Replace the edge that has the port, without dropping anyone.")
]
