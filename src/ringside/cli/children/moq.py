"""The MoQ process: the event's chunks over WebTransport, fed by the hub like an edge worker (flow/relay/moq)."""

import os
from pathlib import Path

from ringside.cli.children.channel import Channel
from ringside.cli.children.edge import YIELDS
from ringside.flow.relay import moq
from ringside.flow.relay.moq.aio import run_publisher
from ringside.flow.relay.moq.serve import Where


def run(channel: Channel) -> None:
    """Entry point; returns when terminated or orphaned."""
    os.nice(YIELDS)
    config = channel.config
    run_publisher(
        moq.Config.model_validate(config["moq"]),
        Where(config["host"], config["port"], Path(config["feed"]).parent, config["tls"]),
        config["feed"],
        channel.clock(),
        name=config["name"],
        on_ready=lambda: channel.report(ready=True),
        alongside=lambda: channel.listen(lambda _: None),
    )
