"""One process's share of a crowd, from its start to its result: tickets become viewers, viewers come, play and go.

Blocking; meant for a process of its own. A snapshot of all that was counted leaves every second; so does what the
generator says of itself: the cores it used and how late it was.
"""

import gc
import json
import os
import resource
import ssl
import time
from collections.abc import Callable
from math import inf
from random import Random
from time import monotonic
from typing import Any, Protocol, TextIO

from ringside.core.clock import Wall
from ringside.core.errors import RingsideError
from ringside.prove.crowd.arrive import network
from ringside.prove.crowd.arrive.tickets import Ticket
from ringside.prove.crowd.engine.engine import Engine
from ringside.prove.crowd.engine.session import Session
from ringside.prove.crowd.outfit import Outfit
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.player.base import Failure, Feel
from ringside.prove.crowd.tally.tally import Tally

TURN_S = 0.1
GARBAGE = (100_000, 20, 100)
"""Collector thresholds: viewers are many and live long, and looking through them all takes time from the loop."""


class Stop(Protocol):
    """Anything that says whether it is time to stop."""

    def is_set(self) -> bool: ...


class Share:
    """The viewers of one process."""

    def __init__(self, plan: Plan, tickets: list[Ticket], start_s: float, ndjson: TextIO | None) -> None:
        self._plan = plan
        self._outfit = Outfit(plan)
        self._tickets = sorted(tickets, key=lambda ticket: -ticket.join_s)
        self._start_s = start_s
        self._end_s = start_s + plan.duration_s
        self._storm_s = inf if plan.storm_at_s is None else start_s + plan.storm_at_s
        self._ndjson = ndjson
        self.tally = Tally()
        tls = _tls(plan.insecure)
        self._engine = Engine(self._outfit.habits, self.tally, tls, start_s, Wall().now_ns() / 1e9 - monotonic())
        self._engine.on_leave = self._left
        self._cpu_s = time.process_time()
        self._resident = Resident()
        self._memory_kb = self._resident.kb()
        self._second_cpu_s = self._cpu_s
        self._cpu_peak = 0.0

    def resolve(self) -> None:
        """Find the server's address. Raises RingsideError where there is none."""
        while (found := self._engine.origins.find(self._plan.url)) is None:
            time.sleep(0.01)
        if isinstance(found, Failure):
            raise RingsideError(f"the host of {self._plan.url} cannot be resolved")

    def play(self, on_second: Callable[[dict[str, Any]], None], stop: Stop) -> dict[str, Any]:
        """Run to the end of the plan, or until told to stop; the result."""
        engine = self._engine
        time.sleep(max(0.0, self._start_s - monotonic()))
        next_second_s = self._start_s + 1
        while (now_s := monotonic()) < self._end_s and not stop.is_set():
            self._let_in(now_s)
            if now_s >= self._storm_s:
                self._storm(now_s)
            if now_s >= next_second_s:
                next_second_s = max(next_second_s + 1, now_s)
                self._measure()
                on_second(self.snapshot())
            if not self._tickets and not engine.sessions:
                break
            next_join_s = self._start_s + self._tickets[-1].join_s if self._tickets else inf
            engine.turn(min(now_s + TURN_S, next_join_s, next_second_s, self._end_s))
        for session in engine.everyone():
            engine.remove(session, monotonic())
        result = self.snapshot()
        self._resident.close()
        return result

    def _let_in(self, now_s: float) -> None:
        tickets, passed_s = self._tickets, now_s - self._start_s
        while tickets and tickets[-1].join_s <= passed_s:
            ticket = tickets.pop()
            session = Session(ticket, network.link(ticket.network, ticket.slow, ticket.seed), self._leave_s(ticket))
            session.player = self._outfit.player(self._engine, session, now_s)
            self._engine.add(session, now_s)
            if monotonic() - now_s > TURN_S:
                return

    def _leave_s(self, ticket: Ticket) -> float:
        return self._start_s + ticket.leave_s

    def _storm(self, now_s: float) -> None:
        """Everybody's connection drops in the same moment, and everybody comes back at once."""
        self._storm_s = inf
        luck = Random(self._plan.seed)
        for session in self._engine.everyone():
            if luck.random() < self._plan.storm_share:
                self._engine.restart(session, self._outfit.player(self._engine, session, now_s), now_s)

    def _left(self, session: Session, now_s: float) -> None:
        feel, tally = session.player.feel, self.tally
        self._engine.see_first(session)
        why = session.player.given_up()
        if why:
            tally.failed(why)
        if session.player.latency_source:
            tally.latency_from(session.player.latency_source)
        tally.left(feel, now_s)
        if self._ndjson is not None:
            self._ndjson.write(json.dumps(self._line(session, feel, why, now_s), separators=(",", ":")) + "\n")

    def _line(self, session: Session, feel: Feel, why: str | None, now_s: float) -> dict[str, Any]:
        first_s = feel.first_frame_s
        lasting_s = 0.0 if feel.stall_began_s is None else now_s - feel.stall_began_s
        return {
            "viewer": session.index,
            "join_s": round(feel.joined_s - self._start_s, 3),
            "leave_s": round(now_s - self._start_s, 3),
            "network": session.ticket.network,
            "slow": session.ticket.slow,
            "dvr_s": session.dvr_s,
            "ttff_ms": None if first_s is None else round((first_s - feel.joined_s) * 1000, 1),
            "stalls": feel.stalls,
            "stalled_s": round(feel.stalled_s + lasting_s, 3),
            "watched_s": round(feel.watched_s, 3),
            "latency_ms": None if feel.latency_s is None else round(feel.latency_s * 1000, 1),
            "rung_bps": feel.rung_bps,
            "switches": feel.switches,
            "on_time": feel.on_time,
            "late": feel.late,
            "failed": why,
        }

    def _measure(self) -> None:
        used_s = time.process_time()
        self._cpu_peak = max(self._cpu_peak, used_s - self._second_cpu_s)
        self._second_cpu_s = used_s

    def snapshot(self) -> dict[str, Any]:
        """`{tally, generator}`: all that was counted so far."""
        self._engine.count_up()
        wall_s = max(1e-3, monotonic() - self._start_s)
        generator = {
            "cpu": round((time.process_time() - self._cpu_s) / wall_s, 4),
            "cpu_peak": round(self._cpu_peak, 4),
            "loop_lag_ms": self._engine.loop.lag.to_json(),
            "wall_s": round(wall_s, 3),
            "memory_kb": self._resident.kb(),
            "memory_kb_before": self._memory_kb,
            "out_of_descriptors": self._engine.exhausted,
        }
        return {"tally": self.tally.to_json(), "generator": generator}


def _tls(insecure: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Resident:
    """How much memory this process has; opened once, since viewers may take every descriptor there is."""

    def __init__(self) -> None:
        self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    def kb(self) -> int:
        """Resident memory, kB."""
        return int(os.pread(self._statm, 200, 0).split()[1]) * resource.getpagesize() // 1024

    def close(self) -> None:
        """Let go of it."""
        os.close(self._statm)


def run_share(
    plan: Plan,
    tickets: list[Ticket],
    on_second: Callable[[dict[str, Any]], None],
    stop: Stop,
    start_at_monotonic_s: float | None = None,
    ndjson: TextIO | None = None,
) -> dict[str, Any]:
    """Play these tickets of the plan; `{tally, generator}`, as `on_second` is shown each second. Blocks until done."""
    share = Share(plan, tickets, monotonic() if start_at_monotonic_s is None else start_at_monotonic_s, ndjson)
    share.resolve()
    gc.set_threshold(*GARBAGE)
    return share.play(on_second, stop)
