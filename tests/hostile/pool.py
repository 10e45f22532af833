"""Many servers that misbehave, met a few at a time, each in a process of its own that says what it cost."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path
from typing import Any

import pytest

Case = tuple[str, str]
"""A behaviour and the `via` it is met by."""
Seen = dict[str, Any]
Meet = Callable[..., Seen]
Told = dict[Case, tuple[Any, ...]]


class Cost:
    """What this process has used since: seconds, and peak memory beyond what it had."""

    def __init__(self) -> None:
        self._before_bytes = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        self._began_s = time.monotonic()

    def so_far(self) -> dict[str, float]:
        """`took_s` and `grew_bytes`."""
        return {
            "took_s": time.monotonic() - self._began_s,
            "grew_bytes": _memory("VmHWM") - self._before_bytes,
        }


def _memory(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def cases(request: pytest.FixtureRequest) -> list[Case]:
    """What the chosen tests of a module ask for, by their parameters `name` and `via`, each once."""
    calls = [item.callspec for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    found = [(call.params["name"], call.params.get("via", "")) for call in calls if "name" in call.params]
    return list(dict.fromkeys(found))


class Meeting:
    """What meeting a behaviour (and via) came to, once it has. Asking raises TimeoutError after `limit_s`."""

    def __init__(self, pool: Pool, meet: Meet, told: Told, limit_s: float) -> None:
        self._pool, self._meet, self._told, self._limit_s = pool, meet, told, limit_s
        self._begun: dict[Case, AsyncResult[Seen]] = {case: pool.apply_async(meet, told[case]) for case in told}
        self._asked: Case = ("", "")

    def __call__(self, name: str, via: str = "") -> Seen:
        """Of one case."""
        self._asked = (name, via)
        return self._begun[name, via].get(self._limit_s)

    def again(self) -> None:
        """Meet the case that was asked for last once more, when all others have been met."""
        for case, result in self._begun.items():
            if case != self._asked:
                result.wait(self._limit_s)
        self._begun[self._asked] = self._pool.apply_async(self._meet, self._told[self._asked])


def once_more_alone(test: Callable[..., None]) -> Callable[..., None]:
    """Among two dozen processes on two cores seconds may pass without one of them: what is wrong must be so alone.

    For tests of which one argument is a Meeting.
    """

    @wraps(test)
    def judged(*arguments: Any, **named: Any) -> None:
        try:
            test(*arguments, **named)
        except AssertionError:
            meeting = next(value for value in (*arguments, *named.values()) if isinstance(value, Meeting))
            meeting.again()
            test(*arguments, **named)

    return judged


@contextmanager
def met(at_once: int, meet: Meet, told: Told, limit_s: float) -> Iterator[Meeting]:
    """Begin `meet(*told[case])` for every case, `at_once` at a time."""
    with multiprocessing.get_context("spawn").Pool(at_once) as pool:
        yield Meeting(pool, meet, told, limit_s)
        pool.terminate()
