"""What ends a process or a piece of its work: the first of several ends all."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ringside.core.ends import first, signalled


def run(scene: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(scene(), 5))


async def raises(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


class Long:
    """Work without an end, which takes a while, and perhaps an error, to stop."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.begun = asyncio.Event()
        self.stopped = False
        self._error = error

    async def work(self) -> None:
        try:
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            for _ in range(3):
                await asyncio.sleep(0)
            self.stopped = True
            if self._error is not None:
                raise self._error


def test_the_first_to_end_ends_all_and_the_rest_have_stopped_when_it_returns() -> None:
    async def scene() -> None:
        longs = [Long(), Long()]
        await first(longs[0].work(), longs[1].begun.wait(), longs[1].work())
        assert [long.stopped for long in longs] == [True, True]

    run(scene)


def test_the_error_of_the_first_is_raised_when_the_rest_have_stopped() -> None:
    async def scene() -> None:
        long = Long(ValueError("while it stopped"))
        with pytest.raises(OSError, match="the cable"):
            await first(long.work(), raises(OSError("the cable")))
        assert long.stopped

    run(scene)


def test_an_error_that_another_ends_with_is_not_lost() -> None:
    async def scene() -> None:
        long = Long(ValueError("while it stopped"))
        with pytest.raises(ValueError, match="while it stopped"):
            await first(long.begun.wait(), long.work())

    run(scene)


def test_of_several_that_end_at_once_the_one_named_first_is_told_of() -> None:
    async def scene() -> None:
        with pytest.raises(OSError, match="one"):
            await first(raises(OSError("one")), raises(OSError("two")))

    run(scene)


def test_who_is_cancelled_while_waiting_cancels_all_and_waits_for_them() -> None:
    async def scene() -> None:
        longs = [Long(), Long()]
        waiting = asyncio.ensure_future(first(*(long.work() for long in longs)))
        await asyncio.gather(*(long.begun.wait() for long in longs))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert [long.stopped for long in longs] == [True, True]

    run(scene)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_what_waits_beside_it_and_is_known_by_its_number(number: signal.Signals) -> None:
    async def scene() -> signal.Signals:
        asked, long = signalled(), Long()
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        await first(long.work(), asked)
        assert long.stopped
        return asked.result()

    assert run(scene) is number


def test_a_second_signal_is_no_other_answer() -> None:
    async def scene() -> signal.Signals:
        asked = signalled(signal.SIGTERM, signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert await asked is signal.SIGUSR1
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.01)
        return asked.result()

    assert run(scene) is signal.SIGUSR1
