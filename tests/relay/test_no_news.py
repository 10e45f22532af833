"""What may come at any time, or never: held for a time of its own, then there is no news. Over real sockets."""

import asyncio
from typing import Any

from edge_house import House, Viewer, house, run, until
from pull_house import Asked, pull_house

from ringside.core.feed import Cache, Document, Expected, Message, Removed
from ringside.flow.relay.answer.request import Reader
from ringside.flow.relay.answer.serve import Serve
from ringside.flow.relay.answer.waiting import WHOLE
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.feed import Shelf

NEXT = "/live/main/target/5.json"
NEWS = Document(NEXT, b'{"version": 5}', "application/json", Cache.IMMUTABLE)
SECOND_NS = 10**9


async def held(h: House, count: int = 1, path: str = NEXT) -> list[Viewer]:
    """Viewers who are held."""
    before = h.edge.waiting.count
    viewers = [await h.viewer() for _ in range(count)]
    for viewer in viewers:
        viewer.ask(path)
    await until(lambda: h.edge.waiting.count == before + count)
    return viewers


def shelf(h: House, *messages: Message) -> Shelf:
    """Another feed's world."""
    other = Shelf()
    for message in messages:
        other.put(message, h.clock.now_ns())
    return other


class OneOfMany:
    """A connection, for a crowd that has no sockets."""

    def __init__(self) -> None:
        self.hold: Any = None
        self.request: Any = None
        self.answers = 0

    def serve(self, answer: Serve) -> None:
        assert answer.status == 204
        self.answers += 1

    def resume(self) -> None:
        pass


def test_who_asked_before_is_told_the_moment_it_comes() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Expected(NEXT, 15))
            viewers = await held(h, 20)
            await h.publish(NEWS, Expected("/live/main/target/6.json", 15))
            for viewer in viewers:
                status, fields, body = await viewer.answer()
                assert (status, body) == (200, NEWS.body)
                assert "immutable" in fields["cache-control"]

    run(scene)


def test_after_its_time_and_not_before_there_is_no_news_and_that_is_no_error() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Expected(NEXT, 15))
            viewers = await held(h, 3)
            h.clock.advance_ns(14 * SECOND_NS)
            await until(lambda: h.edge.now_ns == h.clock.now_ns())
            viewers += await held(h)
            assert h.edge.waiting.count == 4
            h.clock.advance_ns(SECOND_NS + 1)
            for viewer in viewers[:3]:
                status, fields, body = await viewer.answer()
                assert (status, body) == (204, b"")
                assert fields["cache-control"] == "public, max-age=1"
                assert fields["access-control-allow-origin"] == "*"
                assert not fields.keys() & {"content-length", "transfer-encoding"}
            assert h.edge.waiting.count == 1
            assert h.edge.late == 0
            viewers[0].ask(NEXT)  # on the same connection, again
            await until(lambda: h.edge.waiting.count == 2)
            await h.publish(NEWS)
            assert (await viewers[0].answer())[0] == (await viewers[3].answer())[0] == 200

    run(scene)


def test_a_crowd_that_asked_together_is_told_over_several_ticks_and_nobody_is_left_out() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Expected(NEXT, 15))
            request = Reader().read(f"GET {NEXT} HTTP/1.1\r\nHost: edge\r\n\r\n".encode())
            waiting: Any = h.edge.waiting
            group, crowd = waiting.group(NEXT, WHOLE, request, 15 * SECOND_NS), [OneOfMany() for _ in range(2500)]
            for one in crowd:
                waiting.add(group, one, h.edge.now_ns)
            h.clock.advance_ns(15 * SECOND_NS + 1)
            told = []
            for _ in range(4):
                h.edge._sweep(h.clock.now_ns())
                told.append(sum(one.answers for one in crowd))
            assert told == [1000, 2000, 2500, 2500]
            assert all(one.answers == 1 for one in crowd)

    run(scene)


def test_what_has_to_come_is_still_refused_after_three_target_durations() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Expected(NEXT, 15), Expected("/live/main/v720/8.0.m4s"))
            news, part = await held(h) + await held(h, path="/live/main/v720/8.0.m4s")
            h.clock.advance_ns(6 * SECOND_NS + 1)
            assert (await part.answer())[0] == 503
            assert h.edge.waiting.count == 1
            await h.publish(Removed(NEXT))
            assert (await news.answer())[0] == 404

    run(scene)


def test_an_origin_that_comes_back_with_the_same_goes_on_holding_them_and_with_another_says_404() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Expected(NEXT, 15))
            same, other = await held(h, 2)
            h.hub.swap(shelf(h, Expected(NEXT, 15)))
            await h.publish()
            assert h.edge.waiting.count == 2
            h.hub.swap(shelf(h, Expected("/live/main/target/9.json", 15)))
            assert (await same.answer())[0] == (await other.answer())[0] == 404

    run(scene)


def test_a_worker_that_comes_late_holds_them_as_long() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Expected(NEXT, 15))
            late = Edge(Config(host="127.0.0.1", port=0), [], h.clock, "edge-2")
            feed = Feed(late, h.path)
            feed.start()
            await until(lambda: late.store.synced)
            assert late.store.hold_s(NEXT) == 15
            feed.stop()

    run(scene)


def test_a_worker_that_is_to_go_does_not_wait_for_news() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Expected(NEXT, 15))
            viewers = await held(h, 5)
            await h.edge.stop(5)
            for viewer in viewers:
                status, fields, _ = await viewer.answer()
                assert (status, fields["connection"]) == (204, "close")
                assert await viewer.closed() == b""

    run(scene)


def no_news(asked: Asked) -> None:
    """What our own origin says at the end of its hold."""
    asked.head(204, Cache_Control="public, max-age=1")


def test_an_edge_that_pulls_asks_once_for_all_and_keeps_that_there_is_no_news_for_a_second() -> None:
    async def scene() -> None:
        async with pull_house(workers=2) as home:
            home.origin.manners[NEXT] = lambda _: None  # held
            crowd = await home.viewers(10) + await home.viewers(10, 1)
            for viewer in crowd:
                viewer.ask(NEXT)
            await home.held(10)
            await home.held(10, 1)
            await until(lambda: home.origin.asked)
            no_news(home.origin.asked[0])
            for viewer in crowd:
                status, fields, body = await viewer.answer()
                assert (status, body, fields["cache-control"]) == (204, b"", "public, max-age=1")
                assert not fields.keys() & {"content-length", "transfer-encoding", "content-type"}
            assert (await crowd[0].get(NEXT))[0] == 204
            assert home.origin.counts == {NEXT: 1}
            home.pass_s(1.1)
            crowd[0].ask(NEXT)
            await until(lambda: home.origin.counts == {NEXT: 2})
            home.origin.asked[1].answer(NEWS.body, Cache_Control="public, max-age=86400, immutable")
            assert (await crowd[0].answer())[2] == NEWS.body

    run(scene)


def test_an_edge_that_pulls_never_says_that_there_is_no_news_while_the_origin_thinks_or_fails() -> None:
    async def scene() -> None:
        async with pull_house(patience_s=0.05) as home:
            home.origin.manners[NEXT] = no_news
            assert (await home.get(NEXT))[0] == 204
            home.origin.manners[NEXT] = lambda _: None
            home.pass_s(1.1)
            viewer = await home.viewer()
            viewer.ask(NEXT)
            await until(lambda: home.origin.counts == {NEXT: 2})
            await asyncio.sleep(0.2)  # four times as long as it takes to lose patience
            assert home.edges[0].waiting.count == 1
            home.origin.asked[1].answer(b"", 500)
            assert (await viewer.answer())[0] == 502

    run(scene)
