"""Trace: a curve of how many were watching when, as an event's own records tell it. Its peak is scaled to the crowd's.

A CSV file of `time_s,viewers` goes in, points leave, or Misconfigured with one sentence naming file and line. Between
two points the curve is straight; two points of the same time are a step.
"""

import csv
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from ringside.core.errors import Misconfigured

Point = tuple[float, float]
"""(time_s, viewers watching then)."""
MAX_POINTS = 200_000
STEP_S = 1.0
"""A step up is spread over a second, as a flash is."""


def read(path: Path) -> tuple[Point, ...]:
    """The points of a file, with or without a line of headings; lines that begin with # are comments."""
    points: list[Point] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if row and not row[0].lstrip().startswith("#") and (point := _point(row, path, number)):
                    points.append(point)
                if len(points) > MAX_POINTS:
                    raise Misconfigured(f"trace: {path} has more than {MAX_POINTS} points")
    except OSError as error:
        raise Misconfigured(f"trace: {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise Misconfigured(f"trace: {path} is not a CSV file") from None
    if not points:
        raise Misconfigured(f"trace: {path} holds no line of time_s,viewers")
    return tuple(points)


def _point(row: list[str], path: Path, number: int) -> Point | None:
    """One line's point; None for the line of headings."""
    try:
        time_s, viewers = (float(cell) for cell in row)
    except ValueError:
        if number == 1 and row[0].strip()[:1].isalpha():
            return None
        raise Misconfigured(f"trace: {path}, line {number}: {','.join(row)[:80]!r} is not time_s,viewers") from None
    return time_s, viewers


def check(points: Sequence[Point]) -> None:
    """Raises Misconfigured where the points are no curve."""
    if not points:
        raise Misconfigured("trace: arrive is trace, but there is no curve of time_s,viewers")
    before_s = 0.0
    for time_s, viewers in points:
        if time_s < 0:
            raise Misconfigured(f"trace: time begins before 0, at {time_s:g} s")
        if time_s < before_s:
            raise Misconfigured(f"trace: time goes back from {before_s:g} s to {time_s:g} s")
        if viewers < 0:
            raise Misconfigured(f"trace: there are {viewers:g} viewers at {time_s:g} s")
        before_s = time_s
    if not any(viewers for _, viewers in points):
        raise Misconfigured("trace: nobody is watching at any time")


def levels(points: Sequence[Point], peak: int) -> list[int]:
    """How many watch at each point once the highest is `peak`."""
    scale = peak / max(viewers for _, viewers in points)
    return [round(viewers * scale) for _, viewers in points]


def comers(points: Sequence[Point], peak: int) -> int:
    """How many viewers come in all: the sum of the rises."""
    return sum(max(0, after - before) for before, after in pairwise([0, *levels(points, peak)]))
