"""Who waits for what: plain ordered dictionaries, so that holding, leaving and being released are steps on a list.

A viewer waits for a point of a path: a playlist's (segment, part), or WHOLE for any other object. Per point the
viewers stand in the order of their arrival, and so of their deadlines. Nothing here knows time, sockets or answers.
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Point = tuple[int, int]
WHOLE: Point = (-1, -1)
W = TypeVar("W")


class Waiting(Generic[W]):
    """Waiters by path and point, at most `limit` of them; each with its deadline in nanoseconds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._paths: dict[str, dict[Point, dict[W, int]]] = {}
        self.count = 0

    def __repr__(self) -> str:
        return f"<Waiting {self.count} on {len(self._paths)} paths>"

    def add(self, path: str, point: Point, waiter: W, until_ns: int) -> bool:
        """Hold `waiter`; False when too many are held already."""
        if self.count >= self._limit:
            return False
        self._paths.setdefault(path, {}).setdefault(point, {})[waiter] = until_ns
        self.count += 1
        return True

    def discard(self, path: str, point: Point, waiter: W) -> None:
        """`waiter` is gone: one step, however many wait with it."""
        points = self._paths.get(path, {})
        if points.get(point, {}).pop(waiter, None) is not None:
            self.count -= 1
            self._tidy(path, point)

    def release(self, path: str, ready: Callable[[str, Point], bool]) -> list[W]:
        """Take out and return all who wait for a point of `path` that is `ready`, first come first."""
        points = self._paths.get(path)
        if points is None:
            return []
        released: list[W] = []
        for point in [point for point in points if ready(path, point)]:
            released += points.pop(point)
        if not points:
            del self._paths[path]
        self.count -= len(released)
        return released

    def expire(self, now_ns: int) -> Iterator[W]:
        """Take out and yield all whose deadline has passed."""
        for path, points in list(self._paths.items()):
            for point, waiters in list(points.items()):
                due = []
                for waiter, until_ns in waiters.items():
                    if until_ns > now_ns:
                        break
                    due.append(waiter)
                for waiter in due:
                    del waiters[waiter]
                self.count -= len(due)
                self._tidy(path, point)
                yield from due

    def paths(self) -> list[str]:
        """The paths that anyone waits for."""
        return list(self._paths)

    def _tidy(self, path: str, point: Point) -> None:
        points = self._paths[path]
        if not points[point]:
            del points[point]
            if not points:
                del self._paths[path]
