"""Worker: one process of the edge, from its first line to its last.

It is fed by the hub, lets viewers in by the socket it was given (or binds the public port together with its siblings),
and serves until SIGTERM, by which it drains, or until SIGINT or the end of the task it runs alongside, by which it ends
at once. It lives through the hub's death and waits for its return. The port opens with the first feed, so that a
publisher who comes at once can be handed over; without a hub it opens a little later.
"""

import asyncio
import contextlib
import gc
import resource
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import uvloop

from ringside.core.clock import Clock
from ringside.core.ends import signalled
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.config import Asset, Config
from ringside.flow.relay.edge.feed import Feed

FIRST_FEED_S = 2.0
IDLE_S = 2.0
"""A draining worker hangs up on whoever has asked nothing for so long."""
HURRY_S = 0.8
"""All that is left to finish when the event itself ends."""


def run_worker(
    config: Config,
    feed_path: str | Path,
    assets: Mapping[str, Asset],
    clock: Clock,
    *,
    name: str = "edge",
    on_ready: Callable[[int], None] | None = None,
    alongside: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until `alongside()` ends. `on_ready(port)` is called when the port is open.

    Raises Misconfigured when the port cannot be opened.
    """
    uvloop.run(_serve(config, feed_path, assets, clock, name, on_ready, alongside))


async def _serve(
    config: Config,
    feed_path: str | Path,
    assets: Mapping[str, Asset],
    clock: Clock,
    name: str,
    on_ready: Callable[[int], None] | None,
    alongside: Callable[[], Awaitable[None]] | None,
) -> None:
    _raise_descriptor_limit()
    gc.set_threshold(100_000, 50, 1000)  # what connections leave behind is not cyclic; a full collection takes long
    asked = signalled()
    edge = Edge(config, assets.values(), clock, name)
    feed = Feed(edge, feed_path)
    feed.start()
    await feed.wait(FIRST_FEED_S)
    await edge.start()
    if on_ready is not None:
        on_ready(edge.port)
    beside = asyncio.ensure_future(alongside()) if alongside is not None else asyncio.get_running_loop().create_future()
    await asyncio.wait([asked, beside], return_when=asyncio.FIRST_COMPLETED)
    if asked.done() and asked.result() == signal.SIGTERM:
        await edge.stop(config.drain_s, IDLE_S)
    else:
        await edge.stop(HURRY_S)
    feed.stop()
    beside.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await beside


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
