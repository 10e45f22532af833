"""Processes of a crowd: they begin together, one that dies is told, the others go on, and none outlives its parent."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import Beside

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.prove.crowd.machines import processes as module
from ringside.prove.crowd.machines.course import Course
from ringside.prove.crowd.machines.gathering import Gathering
from ringside.prove.crowd.machines.processes import Processes, Share
from ringside.prove.crowd.plan import Plan

ENOUGH_S = 60.0
Step = Callable[[Processes, asyncio.Event], Awaitable[None]]


class Heard(Gathering):
    """A gathering that also keeps the lines about viewers."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.told = 0

    def heard(self, source: str, snapshot: dict[str, Any], *, final: bool) -> None:
        super().heard(source, snapshot, final=final)
        self.told += 1

    def text(self, lines: str) -> None:
        self.lines += lines.splitlines()


def plan_of(url: str, viewers: int = 12, duration_s: float = 2.0) -> Plan:
    return Plan(url=url, viewers=viewers, duration_s=duration_s, seed=7)


def played(plan: Plan, share: Share, step: Step | None = None, **limits: float) -> Heard:
    """Play, doing `step` once everybody has been told to begin."""
    heard = Heard()

    async def play() -> None:
        stop = asyncio.Event()
        players = Processes(plan, share, heard, viewers=True, **limits)
        try:
            await players.start()
            await players.go(Wall().now_ns() / 1e9 + 0.2)
            acting = asyncio.create_task(step(players, stop)) if step else None  # type: ignore[arg-type]
            await players.ended(stop)
            if acting is not None:
                await acting
        finally:
            await players.close()
        assert not [pid for pid in players.pids if alive(pid)]

    asyncio.run(asyncio.wait_for(play(), ENOUGH_S))
    return heard


def alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and was not waited for does not)."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def kill_first(players: Processes, _: asyncio.Event) -> None:
    await asyncio.sleep(1.0)
    os.kill(players.pids[0], signal.SIGKILL)


async def hang_second(players: Processes, _: asyncio.Event) -> None:
    os.kill(players.pids[1], signal.SIGSTOP)


async def stop_early(_: Processes, stop: asyncio.Event) -> None:
    await asyncio.sleep(2.0)
    stop.set()


async def hang_and_stop(players: Processes, stop: asyncio.Event) -> None:
    os.kill(players.pids[0], signal.SIGSTOP)
    stop.set()


@pytest.fixture(scope="module")
def nights(small_hls: str) -> Iterator[Beside]:
    plan, long, two = plan_of(small_hls), plan_of(small_hls, duration_s=600), Share(0, 2, 2)
    beside = Beside(
        whole=lambda: played(plan, two),
        part=lambda: played(plan, Share(2, 1, 3)),
        killed=lambda: played(plan, two, kill_first),
        hung=lambda: played(plan, two, hang_second, silent_s=5.0),
        stopped=lambda: played(long, two, stop_early),
        stubborn=lambda: played(long, two, hang_and_stop, ending_s=4.0),
        void=lambda: void_verdict(plan),
    )
    yield beside
    beside.close()


def void_verdict(plan: Plan) -> dict[str, Any]:
    """The verdict where one of two processes was killed after the first moment."""

    async def play() -> dict[str, Any]:
        seen = asyncio.Event()
        course = Course(plan, Wall(), lambda total, now, losses: seen.set())
        players = Processes(plan, Share(0, 2, 2), course)

        async def kill() -> None:
            await seen.wait()
            os.kill(players.pids[1], signal.SIGKILL)

        killing = asyncio.create_task(kill())
        await course.run(players, asyncio.Event())
        await killing
        return course.verdict()

    return asyncio.run(asyncio.wait_for(play(), ENOUGH_S))


def test_every_viewer_is_played_by_exactly_one_process(nights: Beside) -> None:
    heard = nights["whole"]
    tally = heard.tally()
    assert (tally.arrived, tally.joins, tally.failures) == (12, 12, 0)
    assert heard.finished == {"process 1", "process 2"}
    assert heard.losses == []
    assert sorted(json.loads(line)["viewer"] for line in heard.lines) == list(range(12))
    assert set(tally.statuses) == {"200"}


def test_a_share_of_a_larger_crowd_holds_its_own_viewers_only(nights: Beside) -> None:
    assert sorted(json.loads(line)["viewer"] for line in nights["part"].lines) == [2, 5, 8, 11]


def test_one_that_is_killed_is_told_and_the_other_goes_on(nights: Beside) -> None:
    heard = nights["killed"]
    assert heard.losses == ["process 1 was killed (SIGKILL)"]
    assert heard.finished == {"process 2"}
    assert heard.tally().joins >= 6


def test_one_that_hangs_is_ended(nights: Beside) -> None:
    heard = nights["hung"]
    assert heard.losses == ["process 2 had fallen silent and was ended"]
    assert heard.finished == {"process 1"}


def test_stopped_early_they_hand_in_what_they_have_seen(nights: Beside) -> None:
    heard = nights["stopped"]
    assert heard.finished == {"process 1", "process 2"}
    assert heard.tally().joins == 12
    assert len(heard.lines) == 12


def test_one_that_does_not_stop_is_not_waited_for_for_ever(nights: Beside) -> None:
    assert nights["stubborn"].losses == ["process 1 did not hand in its result within 4 s"]
    assert nights["stubborn"].finished == {"process 2"}


def test_a_lost_process_makes_the_verdict_void(nights: Beside) -> None:
    verdict = nights["void"]
    assert verdict["saturated"] is True
    assert verdict["lost"] == ["process 2 was killed (SIGKILL)"]
    assert "process 2 was killed" in verdict["saturated_because"]
    assert verdict["joined"] >= 6


def test_a_host_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(RingsideError, match=r"no-such-host\.invalid"):
        played(plan_of("http://no-such-host.invalid/live.m3u8"), Share(0, 2, 2))


def test_one_that_dies_before_the_start_is_a_sentence_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", "raise SystemExit('out of luck')"))
    with pytest.raises(RingsideError, match=r"process 1 of the crowd died .*out of luck.* before it began"):
        played(plan_of("http://127.0.0.1:9/x.m3u8"), Share(0, 2, 2))


def test_children_do_not_outlive_a_parent_that_is_killed(small_hls: str) -> None:
    """The parent is killed outright: nothing of it can run any more."""
    arguments = ["crowd", small_hls, "--viewers", "4", "--processes", "2", "--duration", "600"]
    parent = subprocess.Popen(
        [sys.executable, "-m", "ringside", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    children = wait_for(lambda: two_children(parent.pid), "two children")
    parent.kill()
    parent.wait()
    wait_for(lambda: not any(alive(pid) for pid in children), "the children end")


def two_children(pid: int) -> list[int]:
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found if len(found) == 2 else []


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + ENOUGH_S
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {ENOUGH_S:.0f} s")


def test_a_course_called_off_before_it_began_has_a_verdict_of_nothing() -> None:
    plan = plan_of("http://127.0.0.1:9/x.m3u8")
    course = Course(plan, Wall(), lambda total, now, losses: None)

    async def play() -> None:
        stop = asyncio.Event()
        stop.set()
        await course.run(Processes(plan, Share(0, 1, 1), course), stop)

    asyncio.run(asyncio.wait_for(play(), ENOUGH_S))
    assert course.verdict()["joined"] == 0
    assert course.verdict()["saturated"] is True


def test_faults_of_the_user_keep_their_kind(small_hls: str) -> None:
    plan = plan_of(small_hls)
    heard = Heard()

    async def play() -> None:
        players = Processes(plan, Share(0, 1, 1), heard)
        players._plan["url"] = "gopher://x"
        try:
            await players.start()
        finally:
            await players.close()

    with pytest.raises(Misconfigured, match="url"):
        asyncio.run(asyncio.wait_for(play(), ENOUGH_S))
