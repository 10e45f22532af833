"""MoQ for the verbs that serve: whether it can be, and the process that publishes; it runs in children/moq."""

import importlib.util
import socket
from pathlib import Path
from typing import Annotated, Any

import typer

from ringside.cli.supervisor import Child
from ringside.core.errors import Misconfigured
from ringside.flow.relay.edge import Config as Edge
from ringside.flow.relay.moq import Config

LIBRARIES = ("cryptography", "moq_ffi")
MISSING = "--moq needs packages that are not installed: pip install moq-rs==0.5.1 moq-ffi==0.4.18 cryptography"

On = Annotated[bool, typer.Option("--moq", help="Publish over WebTransport (MoQ) as well.")]
Port = Annotated[
    int | None, typer.Option("--moq-port", min=1, max=65535, help="UDP port for MoQ. (default: as --port)")
]
Relay = Annotated[
    str | None,
    typer.Option("--moq-relay", metavar="URL", help="Publish to this MoQ relay; viewers of MoQ are sent there."),
]


def changes(on: bool, port: int | None, relay: str | None) -> dict[str, Any]:
    """The options as the `[moq]` table: --moq-port and --moq-relay mean --moq too."""
    return {"on": on or port is not None or relay is not None, "port": port, "relay": relay}


def check(config: Config, edge: Edge, public_port: int, shared: bool = False) -> None:
    """Raises Misconfigured when MoQ is wanted and cannot be: no package, or no UDP port (unless `shared`)."""
    if not config.on:
        return
    if any(importlib.util.find_spec(library) is None for library in LIBRARIES):
        raise Misconfigured(MISSING)
    if config.relay or shared:
        return
    port = config.port or public_port
    family = socket.AF_INET6 if ":" in edge.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((edge.host, port))
        except OSError as error:
            reason = f"UDP port {port} on {edge.host} cannot be opened: {error.strerror or error}"
            raise Misconfigured(f"{reason}; choose another with --moq-port") from None


def child(config: Config, edge: Edge, public_port: int, feed: Path) -> Child | None:
    """The process that publishes what the hub at `feed` tells; None when MoQ is not wanted."""
    if not config.on:
        return None
    tls = [str(edge.tls_cert), str(edge.tls_key)] if edge.tls_cert and edge.tls_key else None
    told = {
        "moq": config.model_dump(mode="json"), "host": edge.host, "port": config.port or public_port,
        "tls": tls, "feed": str(feed),
    }  # fmt: skip
    return Child("moq", "moq", told, drains=True)


def banner(config: Config, public_port: int) -> str:
    """The line that says where MoQ is; empty when it is not wanted."""
    if not config.on:
        return ""
    return f"  moq      {config.relay.partition('?')[0] or f'UDP port {config.port or public_port}'}"
