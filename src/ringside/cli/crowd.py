"""`ringside crowd`: a crowd played by our own processes or other machines, watched while it lasts, judged at the end.

Options enter; the verdict leaves, on the terminal and in the files asked for, and as an exit status: 0, or 1 when the
generator was the bottleneck, a part of it was lost, or nobody got a picture.
"""

import asyncio
import json
import os
import re
import secrets
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from ringside.cli.ports import reachable_address
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.prove.crowd.arrive import trace
from ringside.prove.crowd.machines.broker import Broker
from ringside.prove.crowd.machines.course import Course
from ringside.prove.crowd.machines.processes import Processes, Share
from ringside.prove.crowd.machines.remote import Remote
from ringside.prove.crowd.machines.worker import Worker
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.report import facts, render
from ringside.prove.crowd.report.again import OPTIONS
from ringside.prove.crowd.report.console import Screen

STDOUT = Path("-")
NAMES = {
    **OPTIONS,
    "url": "URL",
    "duration_s": "--duration",
    "headers": "--header",
    "trace": "--arrive trace",
    **{name: f"--{name}" for name in ("viewers", "arrive", "networks", "query", "seed", "insecure")},
}
"""Fields of a plan as the person who typed them knows them."""
_NAME = re.compile(r"(?<![\w./'-])(" + "|".join(sorted(NAMES, key=len, reverse=True)) + r")(?=:| of \d)")


@dataclass(frozen=True, slots=True)
class Files:
    """What to write. `-` for the verdict is standard output."""

    verdict: Path | None = None
    viewers: Path | None = None
    report: Path | None = None

    def check(self) -> None:
        """Raise Misconfigured naming the option whose file cannot be written, before anybody is sent anywhere."""
        for option, path in (("--json", self.verdict), ("--ndjson", self.viewers), ("--report", self.report)):
            if path is None or (option == "--json" and path == STDOUT):
                continue
            if path.is_dir():
                raise Misconfigured(f"{option}: {path} is a folder")
            if not os.access(path if path.exists() else path.parent, os.W_OK):
                raise Misconfigured(f"{option}: {path} cannot be written")


@dataclass(frozen=True, slots=True)
class Machines:
    """Whether other machines play, and where they are met."""

    workers: int | None = None
    nats: str | None = None
    listen: str = "0.0.0.0"
    wait_s: float = 120.0

    def check(self) -> None:
        """Raise Misconfigured for options that do not go together."""
        if self.nats and not self.workers:
            raise Misconfigured("--nats: --workers is missing: how many machines are to play?")


def plan_of(given: Mapping[str, Any]) -> Plan:
    """The plan of the options that were given (those that are None were not). Raises Misconfigured naming an option."""
    values = {name: value for name, value in given.items() if value is not None}
    values.setdefault("seed", secrets.randbelow(2**31))
    try:
        if "networks" in values:
            values["networks"] = Plan.parse_networks(values["networks"])
        if str(values.get("arrive", "")).startswith("trace="):
            path = Path(values["arrive"].removeprefix("trace="))
            values |= {"arrive": "trace", "trace": trace.read(path)}
        return Plan.model_validate(values)
    except Misconfigured as error:
        raise Misconfigured(_NAME.sub(lambda found: NAMES[found[1]], str(error))) from None


def run(given: Mapping[str, Any], files: Files, machines: Machines) -> int:
    """Play a crowd and write what was asked for; the exit status. Raises RingsideError."""
    plan = plan_of(given)
    files.check()
    machines.check()
    console = Console(stderr=files.verdict == STDOUT, highlight=False)
    console.print(Text.assemble(("Ringside crowd", "bold"), f" · {plan.viewers:,} viewers · seed {plan.seed}"))
    with Screen(console, plan) as screen:
        course = asyncio.run(_play(plan, screen, files, machines))
    verdict = course.verdict()
    _write(plan, course, verdict, files)
    _conclude(console, verdict, files)
    return 1 if verdict["saturated"] or not verdict["joined"] else 0


async def _play(plan: Plan, screen: Screen, files: Files, machines: Machines) -> Course:
    """Play to the end, or until Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted)
    lines = files.viewers.open("w", encoding="utf-8") if files.viewers else None
    try:
        course = Course(plan, Wall(), screen.show, lines)
        if machines.workers:
            await _on_machines(plan, course, screen, machines, lines, stop)
        else:
            share = Share(0, plan.processes, plan.processes)
            await course.run(Processes(plan, share, course, viewers=lines is not None), stop)
        return course
    finally:
        if lines is not None:
            lines.close()


async def _on_machines(
    plan: Plan, course: Course, screen: Screen, machines: Machines, lines: TextIO | None, stop: asyncio.Event
) -> None:
    broker = None if machines.nats else Broker(machines.listen)
    try:
        url = machines.nats or ""
        if broker is not None:
            await broker.start()
            anywhere = machines.listen in ("0.0.0.0", "::")
            screen.say("On each of the other machines, type:")
            screen.say(
                f"  ringside crowd worker --nats {broker.url(reachable_address() if anywhere else machines.listen)}"
            )
            url = broker.url("127.0.0.1" if anywhere else machines.listen)
        remote = Remote(
            plan,
            url,
            machines.workers or 1,
            course,
            Wall(),
            screen.say,
            viewers=lines is not None,
            wait_s=machines.wait_s,
            dismiss=broker is not None,
        )
        await course.run(remote, stop)
    finally:
        if broker is not None:
            await broker.close()


def _write(plan: Plan, course: Course, verdict: dict[str, Any], files: Files) -> None:
    when = datetime.fromtimestamp(course.began_unix_s, UTC).strftime("%-d %B %Y, %H:%M UTC")
    try:
        if files.verdict == STDOUT:
            sys.stdout.write(json.dumps(verdict, indent=2) + "\n")
        elif files.verdict is not None:
            files.verdict.write_text(json.dumps(verdict, indent=2) + "\n")
        if files.report is not None:
            page = render(verdict, plan, course.total.tally, course.moments, when)
            files.report.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RingsideError(f"{error.filename} cannot be written: {error.strerror}") from None


def _conclude(console: Console, verdict: Mapping[str, Any], files: Files) -> None:
    console.print()
    if verdict["saturated"]:
        console.print(Text(f"SATURATED: the generator was the bottleneck: {verdict['saturated_because']}", "bold red"))
    console.print(Text(facts.headline(verdict), style="bold"))
    console.print(Text(facts.standfirst(verdict)))
    for reason, count in verdict["failures"].items():
        console.print(Text(f"  {count:,} failed: {reason}", style="red"))
    for path in (files.verdict, files.viewers, files.report):
        if path is not None and path != STDOUT:
            console.print(Text(f"written: {path}", style="dim"), soft_wrap=True)
    console.print(Text(f"seed {verdict['seed']}, commit {verdict['commit']}", style="dim"))


def work(nats: str, processes: int | None) -> None:
    """Be a worker until Ctrl-C. Raises RingsideError."""
    console = Console(stderr=True, highlight=False)
    count = processes or len(os.sched_getaffinity(0))

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await Worker(count, Wall(), lambda text: console.print(Text(text))).serve(nats, stop)

    asyncio.run(serve())
