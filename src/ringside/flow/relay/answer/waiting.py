"""Who waits for what: plain ordered dictionaries, so that holding, leaving and being released are steps on a list.

A viewer waits for a point of a path: a playlist's (segment, part), or WHOLE for any other object. Those who ask for it
in the same words form a Group, and get the same answer: it is decided once, and the group is walked. In a group the
viewers stand in the order of their arrival, and so of their deadlines. Nothing here knows time, sockets or answers.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from ringside.flow.relay.answer.request import Request

Point = tuple[int, int]
WHOLE: Point = (-1, -1)


class Waiter(Protocol):
    """Who waits: `hold` is the group it stands in."""

    hold: Any


W = TypeVar("W", bound=Waiter)


class Group(Generic[W]):
    """Those who wait for `point` of `path` with the same `request`, each with the time at which it asked.

    After `for_ns` of waiting they are refused.
    """

    __slots__ = ("for_ns", "path", "point", "request", "waiters")

    def __init__(self, path: str, point: Point, request: Request, for_ns: int) -> None:
        self.path = path
        self.point = point
        self.request = request
        self.for_ns = for_ns
        self.waiters: dict[W, int] = {}

    def __repr__(self) -> str:
        return f"<Group of {len(self.waiters)} for {self.path} {self.point}>"


class Waiting(Generic[W]):
    """Groups by path and point, of at most `limit` waiters in all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._paths: dict[str, dict[Point, dict[Request, Group[W]]]] = {}
        self.count = 0

    def __repr__(self) -> str:
        return f"<Waiting {self.count} on {len(self._paths)} paths>"

    def group(self, path: str, point: Point, request: Request, for_ns: int) -> Group[W]:
        """The group of those who wait for `point` of `path` with an equal request; a new one if there is none."""
        groups = self._paths.get(path, {}).get(point, {})
        return groups.get(request) or Group(path, point, request, for_ns)

    def add(self, group: Group[W], waiter: W, now_ns: int) -> bool:
        """Let `waiter` wait; False when too many do already."""
        if self.count >= self._limit:
            return False
        if not group.waiters:  # it may be one that had emptied, and another have taken its place
            groups = self._paths.setdefault(group.path, {}).setdefault(group.point, {})
            group = groups.setdefault(group.request, group)
        group.waiters[waiter] = now_ns
        waiter.hold = group
        self.count += 1
        return True

    def discard(self, waiter: W) -> None:
        """`waiter` is gone: one step, however many wait with it."""
        group: Group[W] | None = waiter.hold
        waiter.hold = None
        if group is not None and group.waiters.pop(waiter, None) is not None:
            self.count -= 1
            if not group.waiters:
                self._tidy(group)

    def release(self, path: str, ready: Callable[[str, Point], bool]) -> list[Group[W]]:
        """Take out and return all groups that wait for a point of `path` that is `ready`, first come first."""
        points = self._paths.get(path)
        if points is None:
            return []
        released: list[Group[W]] = []
        for point in [point for point in points if ready(path, point)]:
            released += points.pop(point).values()
        if not points:
            del self._paths[path]
        self.count -= sum(len(group.waiters) for group in released)
        return released

    def expire(self, now_ns: int) -> Iterator[tuple[W, Request]]:
        """Take out and yield all who have waited too long, with what they asked."""
        for group in [g for points in self._paths.values() for groups in points.values() for g in groups.values()]:
            since_ns = now_ns - group.for_ns
            due = []
            for waiter, asked_ns in group.waiters.items():
                if asked_ns > since_ns:
                    break
                due.append(waiter)
            for waiter in due:
                self.discard(waiter)
                yield waiter, group.request

    def paths(self) -> list[str]:
        """The paths that anyone waits for."""
        return list(self._paths)

    def _tidy(self, group: Group[W]) -> None:
        points = self._paths.get(group.path, {})
        groups = points.get(group.point, {})
        if groups.get(group.request) is group:
            del groups[group.request]
            if not groups:
                del points[group.point]
                if not points:
                    del self._paths[group.path]
