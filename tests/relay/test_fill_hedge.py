"""One object, several origins: the first good answer, and nobody waits for an origin that hangs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from edge_house import run

from ringside.core.clock import Wall
from ringside.flow.relay.fill.fetch import Unanswered
from ringside.flow.relay.fill.hedge import LATE_TIMES, Hedge
from ringside.flow.relay.fill.lifetime import Answer
from ringside.flow.relay.fill.patience import Patience

KEY = "/live/main/v720/7.0.m4s"
LATE_S = 0.02


class Source:
    """An origin in memory: answers `status` with `body` when `goes` is set, or fails with `failure`."""

    def __init__(self, body: bytes = b"", status: int = 200, failure: Unanswered | None = None) -> None:
        self.body, self.status, self.failure = body, status, failure
        self.goes = asyncio.Event()
        self.goes.set()
        self.asked = self.open = 0

    @asynccontextmanager
    async def ask(self, key: str, known: Answer | None) -> AsyncIterator[tuple[Answer, AsyncGenerator[bytes, None]]]:
        self.asked += 1
        self.open += 1
        try:
            await self.goes.wait()
            if self.failure is not None:
                raise self.failure
            yield Answer(self.status), self._body()
        finally:
            self.open -= 1

    async def _body(self) -> AsyncGenerator[bytes, None]:
        for byte in self.body:
            await self.goes.wait()
            yield bytes([byte])


async def get(hedge: Hedge, key: str = KEY) -> tuple[int, bytes]:
    async with hedge.ask(key, None) as (answer, body):
        return answer.status, b"".join([piece async for piece in body])


def hedge_of(*sources: Source) -> Hedge:
    return Hedge([(f"http://{n}", source) for n, source in enumerate(sources)], Wall(), LATE_S)


def test_while_the_first_does_well_nobody_else_is_asked() -> None:
    async def scene() -> None:
        one, other = Source(b"abc"), Source(b"abc")
        hedge = hedge_of(one, other)
        for _ in range(20):
            assert await get(hedge) == (200, b"abc")
        assert (one.asked, other.asked, hedge.hedged) == (20, 0, 0)

    run(scene)


def test_one_that_hangs_is_left_for_the_next_and_is_not_asked_first_again() -> None:
    async def scene() -> None:
        one, other = Source(b"abc"), Source(b"abc")
        hedge = hedge_of(one, other)
        await get(hedge)
        one.goes.clear()
        for _ in range(LATE_TIMES):
            assert hedge.leader == 0  # once is no reason: two origins' playlists are never quite the same
            assert await get(hedge) == (200, b"abc")
        assert await get(hedge) == (200, b"abc")
        assert (one.asked, other.asked) == (1 + LATE_TIMES, 1 + LATE_TIMES)
        assert one.open == other.open == 0  # nothing is left hanging
        account = hedge.describe()
        assert account["switches"] == 1
        assert [each["on_air"] for each in account["origins"]] == [False, True]
        assert "late" in account["why"]

    run(scene)


@pytest.mark.parametrize("bad", [{"status": 503}, {"status": 404}, {"failure": Unanswered("away", 502, "unreachable")}])
def test_what_one_cannot_give_another_may(bad: dict[str, object]) -> None:
    async def scene() -> None:
        one, other = Source(**bad), Source(b"abc")  # type: ignore[arg-type]
        hedge = hedge_of(one, other)
        assert await get(hedge) == (200, b"abc")
        assert hedge.switches == (bad.get("status") != 404)  # that it has not got it speaks against no origin

    run(scene)


def test_what_no_origin_has_is_answered_as_the_first_does() -> None:
    async def scene() -> None:
        assert await get(hedge_of(Source(status=404), Source(failure=Unanswered("away")))) == (404, b"")
        with pytest.raises(Unanswered, match="one"):
            await get(hedge_of(Source(failure=Unanswered("one")), Source(failure=Unanswered("two"))))

    run(scene)


def test_a_body_that_breaks_off_says_so() -> None:
    async def scene() -> None:
        class Torn(Source):
            async def _body(self) -> AsyncGenerator[bytes, None]:
                yield b"a"
                raise Unanswered("it broke off")

        with pytest.raises(Unanswered, match="broke off"):
            await get(hedge_of(Torn(), Source(b"abc")))

    run(scene)


def test_who_goes_away_leaves_nothing_behind() -> None:
    async def scene() -> None:
        one, other = Source(b"abc"), Source(b"abc")
        one.goes.clear()
        other.goes.clear()
        asking = asyncio.ensure_future(get(hedge_of(one, other)))
        while not one.open:  # noqa: ASYNC110
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert one.open == other.open == 0

    run(scene)


def test_patience_is_for_each_kind_what_such_answers_take() -> None:
    patience = Patience(0.05, 2.0)
    assert patience.wait_s("part") == 1.0  # nothing is known yet
    for n in range(100):
        patience.took("part", 0.004)
        patience.took("held", 0.15 + 0.1 * (n % 2))
    assert patience.wait_s("part") == 0.05
    assert 0.25 < patience.wait_s("held") < 0.6
    for _ in range(20):
        patience.took("part", 10)
    assert patience.wait_s("part") == 2.0
