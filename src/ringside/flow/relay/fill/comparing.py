"""Comparing: the shell that asks the origin's clock, over a connection that is kept; what answers mean is apart's.

What enters: answers to `GET /clock`. What leaves: an Apart that is up to date, and a line in the log when the clocks
have come apart, or together again.
"""

import asyncio
import logging

import aiohttp

from ringside.core.clock import Clock
from ringside.flow.relay.fill.apart import EVERY_S, Apart, Sample, heard, sentence

log = logging.getLogger(__name__)

ANSWER_S = 3.0
MOST_BYTES = 64


async def ask(session: aiohttp.ClientSession, url: str, clock: Clock) -> Sample | None:
    """One answer; None where there is none to be had from there. Raises OSError or aiohttp.ClientError."""
    asked_ns = clock.now_ns()
    async with session.get(url, timeout=aiohttp.ClientTimeout(total=ANSWER_S), allow_redirects=False) as reply:
        came_ns = clock.now_ns()
        body = await reply.content.read(MOST_BYTES)
        return heard(asked_ns, came_ns, reply.status, reply.headers.get("Age", "0"), body)


async def compare(apart: Apart, origin: str, clock: Clock, session: aiohttp.ClientSession) -> None:
    """Ask the clock of `origin` for ever."""
    while True:
        every_s, before = EVERY_S, apart.far
        try:
            every_s = apart.take(await ask(session, f"{origin}/clock", clock))
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            log.debug("the origin's clock does not answer: %s", error)
        if apart.far != before:
            log.warning("%s, and so are its viewers" if apart.far else "%s", sentence(apart.describe()))
        await asyncio.sleep(every_s)
