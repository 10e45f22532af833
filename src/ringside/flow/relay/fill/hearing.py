"""Hearing: what is the same for whoever takes a feed: whether an answer is one, and whether it is still heard.

What enters: a line, and the standing that its taker keeps. What leaves: the reason to give the line up, if any.
"""

import asyncio
from collections.abc import Callable

from ringside.core.clock import Clock
from ringside.flow.relay.feed.remote import CONTENT_TYPE
from ringside.flow.relay.fill.line import Line
from ringside.flow.relay.fill.standing import Standing

TICK_S = 0.2
FAILING = frozenset({429, 500, 502, 503, 504})
"""What an origin answers that will do better soon."""


def gives_feed(line: Line) -> bool:
    """Whether the answer is a feed."""
    return line.status == 200 and line.content_type == CONTENT_TYPE


async def listen(standing: Standing, clock: Clock, give_up: Callable[[str], None]) -> None:
    """Let time pass for `standing`, for ever; `give_up` hears why the line is to be left, each tick until it is."""
    while True:
        await asyncio.sleep(TICK_S)
        now_ns = clock.now_ns()
        standing.look(now_ns)
        if ailment := standing.ailment(now_ns):
            give_up(ailment)
