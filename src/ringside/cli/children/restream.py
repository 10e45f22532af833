"""The restream process: the programme of this machine's origin pushed on to the services that the event file names.

Nothing that is wrong with it ends the event: the origin that cannot be read is tried again, and each row says why.
"""

import asyncio
import logging
import signal

import uvloop

from ringside.cli.children.channel import Channel
from ringside.cli.restream import tools
from ringside.core.ends import first, signalled
from ringside.core.errors import RingsideError
from ringside.flow.relay.restream import Config
from ringside.flow.relay.restream.aio import Restreams, watched

log = logging.getLogger(__name__)

AGAIN_S = 5.0


async def _push(channel: Channel) -> None:
    config = channel.config
    configs = [Config.model_validate(each) for each in config["restreams"]]
    made = tools()
    channel.report(ready=True)
    while True:
        restreams = Restreams(config["origin"], config["feed_token"], configs, made, channel.clock())
        try:
            await watched(restreams, lambda rows: channel.report(restreams=rows))
        except RingsideError as error:
            log.error("restream: %s", error)
            for each in restreams.all:
                each.waits(str(error))
            channel.report(restreams=[each.row() for each in restreams.all])
        await asyncio.sleep(AGAIN_S)


async def _serve(channel: Channel) -> None:
    await first(_push(channel), channel.listen(lambda _: None), signalled(signal.SIGTERM))


def run(channel: Channel) -> None:
    """Entry point; returns when terminated or orphaned."""
    uvloop.run(_serve(channel))
