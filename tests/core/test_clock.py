"""The wall clock: it never steps, follows slowly, and is the same in all processes of a supervisor."""

import asyncio
import json
import socket
from typing import Any

import pytest

from ringside.cli.children.channel import Channel
from ringside.cli.supervisor import Child, Supervisor
from ringside.core.clock import Wall, wall

SECOND = 10**9


class Machine:
    """A machine's two clocks."""

    def __init__(self) -> None:
        self.system, self.monotonic = 1_790_000_000 * SECOND, 5 * SECOND

    def time_ns(self) -> int:
        return self.system

    def monotonic_ns(self) -> int:
        return self.monotonic

    def pass_s(self, seconds: float) -> None:
        self.system += int(seconds * SECOND)
        self.monotonic += int(seconds * SECOND)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    there = Machine()
    monkeypatch.setattr(wall, "time", there)
    return there


def test_a_system_clock_that_is_set_is_followed_slowly_and_never_backwards(machine: Machine) -> None:
    clock = Wall()
    before_ns = clock.now_ns()
    machine.system -= 2 * SECOND
    for _ in range(100):
        machine.pass_s(2)
        now_ns = clock.now_ns()
        assert 1_999_000_000 <= now_ns - before_ns <= 2 * SECOND
        before_ns = now_ns
    assert clock.error_ns() == -1_900_000_000  # 0.5 ms each second


def test_a_process_that_is_started_again_goes_by_the_clock_of_the_others(machine: Machine) -> None:
    supervisor = Wall()
    machine.system += 3 * SECOND
    machine.pass_s(10)
    now_ns = supervisor.now_ns()
    assert Wall(supervisor.offset_ns).now_ns() == now_ns
    assert abs(Wall().now_ns() - now_ns) > 2 * SECOND


def test_a_channel_gives_the_clock_of_its_supervisor(machine: Machine) -> None:
    for config, now_ns in (({"clock_offset_ns": 7}, machine.monotonic + 7), ({}, machine.system)):
        ours, theirs = socket.socketpair()
        ours.sendall(json.dumps(config).encode() + b"\n")
        assert Channel(theirs.detach()).clock().now_ns() == now_ns
        ours.close()


def test_a_supervisor_says_once_that_the_system_clock_was_set(machine: Machine) -> None:
    async def scene() -> list[dict[str, Any]]:
        supervisor, orders = Supervisor(Wall(), lambda *_: None), list[dict[str, Any]]()
        supervisor.order = lambda _, order: orders.append(order)  # type: ignore[method-assign]
        origin = Child("origin", "origin", {})
        for step_s in (0, 0.04, 2, 0, -2.04, 7):
            machine.system += int(step_s * SECOND)
            supervisor._look_at_clock(origin)
        return orders

    assert [order["note"] for order in asyncio.run(scene())] == [
        "the system clock was set by +2.04 s, which is followed slowly",
        "the system clock was set by +7.00 s, which is not followed: start again",
    ]
