"""An edge worker process: the public port, fed by the origin's hub."""

import os

from ringside.cli.children.channel import Channel
from ringside.flow import watch
from ringside.flow.relay import edge
from ringside.flow.relay.edge.worker import run_worker

YIELDS = 5
"""Niceness: where viewers are more than the machine can serve, they wait, and the encoder does not."""


def run(channel: Channel) -> None:
    """Entry point; returns when terminated or orphaned. Raises Misconfigured when the port is taken."""
    os.nice(YIELDS)
    config = channel.config
    assets = {path: edge.Asset(path, body, kind) for path, (body, kind) in watch.assets().items()}
    run_worker(
        edge.Config.model_validate(config["edge"]),
        config["feed"],
        assets,
        channel.clock(),
        name=config["name"],
        on_ready=lambda port: channel.report(ready=True, port=port),
        alongside=lambda: channel.listen(lambda _: None),
    )
