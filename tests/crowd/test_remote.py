"""A crowd on several machines: a real nats-server, real workers, and everything that can go wrong between them."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import nats
import pytest
from beside import Beside

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.prove.crowd.machines import remote as module
from ringside.prove.crowd.machines.broker import Broker
from ringside.prove.crowd.machines.course import Course
from ringside.prove.crowd.machines.letters import pack
from ringside.prove.crowd.machines.remote import Remote
from ringside.prove.crowd.machines.worker import Worker
from ringside.prove.crowd.plan import Plan

HOST = "127.0.0.1"
ENOUGH_S = 80.0


def plan_of(url: str, viewers: int = 12, duration_s: float = 2.0) -> Plan:
    return Plan(url=url, viewers=viewers, duration_s=duration_s, seed=7)


@asynccontextmanager
async def broker() -> AsyncIterator[str]:
    """A nats-server of the test's own; its URL."""
    server = Broker(HOST)
    await server.start()
    try:
        yield server.url(HOST)
    finally:
        await server.close()


def worker_process(url: str, processes: int = 1) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "ringside", "crowd", "worker", "--nats", url, "--processes", str(processes)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@asynccontextmanager
async def worker_here(url: str, clock: Any = None, **limits: float) -> AsyncIterator[Worker]:
    """A worker in this process, so that its limits can be shortened."""
    worker, stop = Worker(1, clock or Wall(), lambda text: None, **limits), asyncio.Event()
    serving = asyncio.create_task(worker.serve(url, stop))
    try:
        yield worker
    finally:
        stop.set()
        await serving


def quiet(plan: Plan, **more: Any) -> Course:
    return Course(plan, Wall(), more.get("show", lambda total, now, losses: None), more.get("lines"))


def remote(plan: Plan, url: str, workers: int, course: Any, said: list[str], **more: Any) -> Remote:
    return Remote(plan, url, workers, course, Wall(), said.append, **more)


def run(play: Callable[[], Any]) -> Any:
    return asyncio.run(asyncio.wait_for(play(), ENOUGH_S))


def finish(process: "subprocess.Popen[str]") -> str:
    try:
        return process.communicate(timeout=40)[1]
    finally:
        process.kill()
        process.wait()


class Lines:
    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)


def shared(stream: str) -> tuple[dict[str, Any], str, list[str], list[str]]:
    """Two workers, with three processes between them: verdict, lines about viewers, workers' logs, what was said."""
    plan, lines, said = plan_of(stream), Lines(), list[str]()
    course = quiet(plan, lines=lines)

    async def play() -> list[str]:
        async with broker() as url:
            workers = [worker_process(url, 1), worker_process(url, 2)]
            try:
                await course.run(remote(plan, url, 2, course, said, viewers=True, dismiss=True), asyncio.Event())
            finally:
                logs = [await asyncio.to_thread(finish, worker) for worker in workers]
            assert [worker.returncode for worker in workers] == [0, 0], logs
            return logs

    logs = run(play)
    return course.verdict(), lines.text, logs, said


def killed(stream: str) -> dict[str, Any]:
    """One of two workers is killed outright once everybody has joined."""
    plan = plan_of(stream, duration_s=8.0)

    async def play() -> dict[str, Any]:
        joined = asyncio.Event()
        course = quiet(plan, show=lambda total, now, losses: joined.set() if total.tally.joins == 12 else None)
        async with broker() as url:
            workers = [worker_process(url), worker_process(url)]

            async def kill() -> None:
                await joined.wait()
                os.kill(workers[0].pid, signal.SIGKILL)

            killing = asyncio.create_task(kill())
            try:
                await course.run(remote(plan, url, 2, course, [], dismiss=True, silent_s=4.0), asyncio.Event())
                await killing
            finally:
                for worker in workers:
                    await asyncio.to_thread(finish, worker)
        return course.verdict()

    return run(play)


def stopped(stream: str) -> dict[str, Any]:
    """The coordinator is stopped once everybody has joined."""
    plan = plan_of(stream, duration_s=600)

    async def play() -> dict[str, Any]:
        stop = asyncio.Event()
        course = quiet(plan, show=lambda total, now, losses: stop.set() if total.tally.joins == 12 else None)
        async with broker() as url, worker_here(url):
            await course.run(remote(plan, url, 1, course, []), stop)
        return course.verdict()

    return run(play)


def forsaken(stream: str) -> tuple[int, str]:
    """The coordinator vanishes in the middle of a run: how many runs its worker has ended then, and its state."""
    plan = plan_of(stream, duration_s=600)

    async def play() -> tuple[int, str]:
        async with broker() as url, worker_here(url, forsaken_s=3.0) as worker:
            lost = remote(plan, url, 1, quiet(plan), [])
            await lost.start()
            await lost.go(Wall().now_ns() / 1e9)
            assert lost._beating is not None
            lost._beating.cancel()  # as if it had been killed: no beat, and no farewell
            await until(lambda: worker.runs == 1 and "is free" in repr(worker))
            found = worker.runs, repr(worker)
            await lost.close()
            return found

    return run(play)


JUNK = (b"", b"{", b"[]", b'{"worker": "../../x", "host": "", "processes": -1}', bytes(range(256)))
LETTERS = ({}, {"losses": 3, "final": False}, {"snapshot": {"tally": 1}, "text": "", "losses": [], "final": False})


def pestered(stream: str) -> tuple[dict[str, Any], int]:
    """A stranger writes nonsense to everybody, before and during a run: verdict, and how much of it was noticed."""
    plan = plan_of(stream, duration_s=2.5)

    async def play() -> tuple[dict[str, Any], int]:
        async with broker() as url, worker_here(url) as worker:
            course = quiet(plan)
            ours = remote(plan, url, 1, course, [])
            stranger = await nats.connect(url)
            running = asyncio.create_task(course.run(ours, asyncio.Event()))
            letters = module.letters_subject(ours._run, worker.id)
            while not running.done():
                for junk in JUNK:
                    for subject in (module.HERE, module.orders_subject(worker.id), letters):
                        await stranger.publish(subject, junk)
                for letter in LETTERS:
                    await stranger.publish(letters, pack(letter)[0])
                await stranger.publish(module.letters_subject(ours._run, "nobody"), pack({"final": True})[0])
                order = json.dumps({"run": "x", "stop": True}).encode()
                await stranger.publish(module.orders_subject(worker.id), order)
                await asyncio.sleep(0.1)
            await running
            await stranger.close()
        return course.verdict(), ours.strangers

    return run(play)


@pytest.fixture(scope="module")
def nights(small_hls: str) -> Iterator[Beside]:
    scenarios = {each.__name__: partial(each, small_hls) for each in (shared, killed, stopped, forsaken, pestered)}
    beside = Beside(**scenarios)
    yield beside
    beside.close()


def test_two_workers_share_a_crowd_and_are_dismissed_when_it_is_over(nights: Beside) -> None:
    verdict, lines, logs, said = nights["shared"]
    assert verdict["lost"] == []
    assert (verdict["joined"], verdict["arrived"], verdict["failed"]) == (12, 12, 0)
    assert len(verdict["generator"]) == 3
    assert sorted(json.loads(line)["viewer"] for line in lines.splitlines()) == list(range(12))
    assert sum("2 of 3 shares" in log for log in logs) == 1
    assert "Traceback" not in "".join(logs)
    assert said[0].startswith("waiting for 2 workers")


def test_a_worker_that_is_killed_is_lost_and_what_it_had_seen_is_kept(nights: Beside) -> None:
    verdict = nights["killed"]
    assert len(verdict["lost"]) == 1
    assert "was silent for 4 s" in verdict["lost"][0]
    assert verdict["saturated"] is True
    assert verdict["joined"] == 12


def test_a_coordinator_that_is_stopped_has_what_was_seen(nights: Beside) -> None:
    verdict = nights["stopped"]
    assert (verdict["joined"], verdict["lost"]) == (12, [])
    assert verdict["lasted_s"] < 100


def test_a_worker_ends_its_viewers_when_the_coordinator_is_gone(nights: Beside) -> None:
    runs, state = nights["forsaken"]
    assert runs == 1
    assert "is free" in state


def test_strangers_on_the_same_nats_do_no_harm_and_are_counted(nights: Beside) -> None:
    verdict, strangers = nights["pestered"]
    assert (verdict["joined"], verdict["lost"]) == (12, [])
    assert strangers >= 20


def test_too_few_workers_are_waited_for_no_longer_than_said(small_hls: str) -> None:
    async def play() -> None:
        plan = plan_of(small_hls)
        async with broker() as url, worker_here(url) as worker:
            with pytest.raises(RingsideError, match=r"1 of 2 workers came within 2.5 s; see --workers"):
                await quiet(plan).run(remote(plan, url, 2, quiet(plan), [], wait_s=2.5), asyncio.Event())
            await until(lambda: "is free" in repr(worker))

    run(play)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(int(ENOUGH_S / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not within the limit")


def test_a_worker_belongs_to_one_coordinator_at_a_time(small_hls: str) -> None:
    plan = plan_of(small_hls)

    async def play() -> None:
        async with broker() as url, worker_here(url):
            first = remote(plan, url, 1, quiet(plan), [])
            await first.start()
            with pytest.raises(RingsideError, match="0 of 1 workers"):
                await quiet(plan).run(remote(plan, url, 1, quiet(plan), [], wait_s=2.5), asyncio.Event())
            await first.close()

    run(play)


def test_a_worker_whose_clock_is_wrong_begins_with_the_others(small_hls: str) -> None:
    class Ahead:
        """A clock of another machine, seven seconds ahead of ours."""

        wall = Wall()

        def now_ns(self) -> int:
            return self.wall.now_ns() + 7_000_000_000

    async def play() -> None:
        plan, said = plan_of(small_hls), list[str]()
        async with broker() as url, worker_here(url, Ahead()):
            ours = remote(plan, url, 1, quiet(plan), said)
            await ours.start()
            (held,) = ours._held.values()
            assert held.ahead_s == pytest.approx(7, abs=0.3)
            await ours.close()
        assert any(re.search(r"clock is \+(6[7-9]|7)\d\d", line) and "corrected" in line for line in said)

    run(play)


@pytest.mark.parametrize("url", ["nats://127.0.0.1:1", "nats://nobody@127.0.0.1:1", "127.0.0.1:1", "no url at all"])
def test_a_nats_that_is_not_there_is_one_sentence(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_S", 1.0)
    with pytest.raises(Misconfigured, match=r"--nats .* cannot be reached") as error:
        run(lambda: module.connect(url))
    assert "nobody@" not in str(error.value), "a token is not for the screen"


def test_a_wrong_token_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_S", 2.0)

    async def play() -> None:
        async with broker() as url:
            with pytest.raises(Misconfigured, match=r"(?i)authorization"):
                await module.connect(url.replace("nats://", "nats://x"))

    run(play)


def test_the_nats_server_ends_with_its_parent() -> None:
    """The parent is killed outright; the shell between sees the end of its input."""
    program = (
        "import asyncio\nfrom ringside.prove.crowd.machines.broker import Broker\n"
        "async def go():\n b = Broker('127.0.0.1')\n await b.start()\n print(b.port, flush=True)\n"
        " await asyncio.sleep(99)\n"
        "asyncio.run(go())"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    port = int(parent.stdout.readline())
    parent.kill()
    parent.wait()

    async def refused() -> None:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection(HOST, port)
                writer.close()
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                pass  # it is just being closed
            await asyncio.sleep(0.05)
        raise AssertionError("nats-server still listens")

    run(refused)
