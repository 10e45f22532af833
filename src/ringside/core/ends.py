"""Ends: what ends a process, or a piece of its work.

What enters: things to wait for, and the signals of the system. What leaves: the first end of several, when all the
others have ended too. So nothing goes on unseen, and no error is lost with the task that raised it.
"""

import asyncio
import signal
from collections.abc import Awaitable
from typing import Any


async def first(*awaitables: Awaitable[Any]) -> None:
    """Wait until one of these ends; the others are cancelled, and have ended when this returns.

    Raises the error of the first, or where it had none, one that another ended with.
    """
    tasks = [asyncio.ensure_future(each) for each in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in (*ended, *tasks):
        if not task.cancelled():
            task.result()


def signalled(*numbers: signal.Signals) -> asyncio.Future[signal.Signals]:
    """Becomes the first of these signals that comes; without any named, SIGTERM or SIGINT. For the main thread."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[signal.Signals] = loop.create_future()

    def ask(number: signal.Signals) -> None:
        if not asked.done():
            asked.set_result(number)

    for number in numbers or (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, number)
    return asked
