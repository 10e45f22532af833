"""Serving: a thread with an event loop of its own, in which a source listens until it is stopped."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class Serving:
    """One source's thread; it can be started again after it was stopped. `join_s`: how long its end is waited for."""

    def __init__(self, name: str, join_s: float) -> None:
        self._name, self._join_s = name, join_s
        self.loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<Serving {self._name} {'on' if self._thread is not None else 'off'}>"

    @property
    def stopped(self) -> bool:
        """Whether it has been asked to end."""
        return self._stopping.is_set()

    def start(self, serve: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `serve` in the thread."""
        self.loop, self._stopping = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(serve,), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """Ask it to end and wait for that; whether it was running."""
        if self._thread is None:
            return False
        self.loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(self._join_s)
        self._thread = None
        return True

    async def pause(self, seconds: float) -> None:
        """Called by `serve`: sleep, but no longer than until it is stopped."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _run(self, serve: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(serve())
