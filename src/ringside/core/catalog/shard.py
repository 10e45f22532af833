"""Shard: the lines of up to 300 segments, JSON each. The newest shard of a track is written anew with every segment.

A last line that was cut off is passed over: what it told of was not finished either.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ringside.core.catalog.unreadable import Unreadable
from ringside.core.media import Segment

SHARD_SEGMENTS = 300
MOST_BYTES = 1 << 20  # of a shard of ours


def write_shard(segments: Iterable[Segment]) -> bytes:
    """The lines of `segments`."""
    return b"".join(_line(segment) for segment in segments)


def _line(segment: Segment) -> bytes:
    values: dict[str, Any] = {
        "n": segment.number, "start": segment.start_ticks, "ticks": segment.duration_ticks, "size": segment.size,
        "init": segment.init_name,
    }  # fmt: skip
    if segment.gap:
        values["gap"] = True
    if segment.discontinuity:
        values["discontinuity"] = True
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def read_shard(data: bytes, name: str = "a catalog", most_bytes: int = MOST_BYTES) -> Iterator[Segment]:
    """The segments in `data`, which is called `name`. Raises Unreadable."""
    if len(data) > most_bytes:
        raise Unreadable(f"{name} has {len(data)} bytes, more than any catalog of ours")
    for line in data.split(b"\n")[:-1]:
        try:
            values = json.loads(line)
            yield Segment(
                int(values["n"]), int(values["start"]), int(values["ticks"]), (), True, str(values["init"]),
                int(values["size"]), gap=values.get("gap") is True, discontinuity=values.get("discontinuity") is True,
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Unreadable(f"{name} has a line that is no segment: {line[:60]!r}") from None
