"""The push player at the event's target: where it stands, how it moves, who holds it."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_event import BASE, START_S, Event
from transfer import Server, TestViewer, TestWorld, Transfer, whole

from ringside.prove.crowd.player.aim import Aim, Schedule, read, still
from ringside.prove.crowd.player.base import Kind
from ringside.prove.crowd.player.push import PushPlayer
from ringside.prove.crowd.player.stock import PUSH

EVENT = Event()
TARGET = BASE + "target.json"


def document(version: int, from_ms: int, to_ms: int, at_s: float = 0.0) -> bytes:
    told = {
        "version": version, "from_ms": from_ms, "target_ms": to_ms, "at_ms": int((START_S + at_s) * 1000),
        "slope": 0.04, "next": f"target/{version + 1}.json",
    }  # fmt: skip
    return json.dumps(told).encode()


def test_the_target_is_where_it_was_then_moves_evenly_and_arrives() -> None:
    schedule = Schedule(1, 1.0, 3.0, 100.0, 0.04, "")
    assert [schedule.at(t) for t in (0, 100, 125, 150, 900)] == pytest.approx([1, 1, 2, 3, 3])
    assert Schedule(1, 3.0, 1.0, 100.0, 0.04, "").at(125) == pytest.approx(2)
    assert still(0.3).at(1e9) == 0.3


@given(st.one_of(st.binary(max_size=60), st.recursive(st.none() | st.floats() | st.text(), st.lists).map(
    lambda x: json.dumps({"target_ms": x, "at_ms": x}).encode())))  # fmt: skip
def test_what_is_no_target_is_none(body: bytes) -> None:
    found = read(body)
    assert found is None or 0 <= found.to_s <= 60


class Watch:
    def __init__(self, server: Server, now_s: float = 0.7) -> None:
        self.server = server
        self.player = PushPlayer(BASE + "v400/stream", PUSH, TestWorld(START_S), TestViewer(), now_s)
        self.transfer = Transfer(self.player, server, now_s)

    def until(self, to_s: float) -> "Watch":
        self.transfer.run(to_s)
        return self

    def asked(self) -> list[tuple[float, str]]:
        return [(a.now_s, a.url.removeprefix(BASE)) for a in self.server.asked if a.kind is Kind.TARGET]


def served(now: bytes | None = None) -> Server:
    server = EVENT.serve(Server())
    if now is not None:
        server.on(TARGET, lambda url, now_s: whole(now))
    return server


def test_without_a_target_a_viewer_is_where_the_page_is_and_asks_again_after_a_minute() -> None:
    watch = Watch(served()).until(40.0)
    assert watch.player.feel.latency_s == pytest.approx(1.2, abs=0.03)
    assert len(watch.asked()) == 1
    assert watch.player.feel.stalls == 0


def test_a_viewer_is_as_far_behind_as_the_event_says() -> None:
    watch = Watch(served(now=document(5, 2000, 2000))).until(30.0)
    assert watch.player.feel.latency_s == pytest.approx(2.0, abs=0.03)


def test_a_change_that_was_held_for_moves_the_viewer_without_a_jump() -> None:
    server = served(document(5, 1000, 1000))
    server.on(BASE + "target/6.json", lambda url, now_s: whole(document(6, 1000, 2000, 12.0), at_s=10.0))
    watch = Watch(server).until(11.0)
    assert watch.player.feel.latency_s == pytest.approx(1.0, abs=0.03)
    for step in range(13, 38):
        watch.until(float(step))
        expected_s = min(2.0, 1.0 + 0.04 * (step - 12))
        assert watch.player.feel.latency_s == pytest.approx(expected_s, abs=0.11)
    assert watch.player.feel.stalls == 0
    assert [name for _, name in watch.asked()][:3] == ["target.json", "target/6.json", "target/7.json"]


class Reply:
    def __init__(self, request: Any, status: int, sent_s: float, body: bytes = b"") -> None:
        self.request, self.status, self.sent_s, self.body = request, status, sent_s, body


def test_nothing_new_is_asked_for_again_at_once_when_it_was_held_and_later_when_it_was_not() -> None:
    aim = Aim(TestWorld(START_S), BASE, Random(1), 1.2)
    (first,) = aim.start()
    (hold,) = aim.received(1.0, Reply(first.request, 200, 0.9, document(5, 1000, 1000)))  # type: ignore[arg-type]
    (again,) = aim.received(16.0, Reply(hold.request, 204, 1.0))  # type: ignore[arg-type]
    assert (again.request, again.at_s) == (hold.request, 0.0)
    (later,) = aim.received(16.1, Reply(hold.request, 204, 16.0))  # type: ignore[arg-type]
    assert later.request is hold.request
    assert 17.1 <= later.at_s <= 19.1
    (over,) = aim.received(16.1, Reply(hold.request, 404, 16.0))  # type: ignore[arg-type]
    assert over.request is first.request
    (failed,) = aim.failed(20.0)
    assert failed.request is first.request
    assert 21.0 <= failed.at_s <= 23.0
