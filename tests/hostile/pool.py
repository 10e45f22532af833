"""Many servers that misbehave, met a few at a time, each in a process of its own that says what it cost."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.pool import AsyncResult
from pathlib import Path
from typing import Any

import pytest

Case = tuple[str, str]
"""A behaviour and the `via` it is met by."""
Seen = dict[str, Any]
Meeting = Callable[..., Seen]
"""What meeting a behaviour (and via) came to, once it has."""


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


@contextmanager
def met(
    at_once: int, meet: Callable[..., Seen], told: dict[Case, tuple[Any, ...]], limit_s: float
) -> Iterator[Meeting]:
    """Begin `meet(*told[case])` for every case, `at_once` at a time. Asking raises TimeoutError after `limit_s`."""
    with multiprocessing.get_context("spawn").Pool(at_once) as pool:
        begun: dict[Case, AsyncResult[Seen]] = {case: pool.apply_async(meet, told[case]) for case in told}
        yield lambda name, via="": begun[name, via].get(limit_s)
        pool.terminate()
