"""Scenarios that mostly wait, played beside one another in threads: a file of tests takes as long as its longest."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

ENOUGH_S = 90.0


class Beside:
    """Results by name; a scenario's exception is raised where its result is asked for."""

    def __init__(self, **scenarios: Callable[[], Any]) -> None:
        self._pool = ThreadPoolExecutor(len(scenarios))
        self._futures: dict[str, Future[Any]] = {name: self._pool.submit(do) for name, do in scenarios.items()}

    def __getitem__(self, name: str) -> Any:
        return self._futures[name].result(ENOUGH_S)

    def close(self) -> None:
        self._pool.shutdown()
