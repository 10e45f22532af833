"""Offer: a studio's chunk, placed on the event's timeline and judged, before it is known whether viewers get it."""

from collections.abc import Callable
from dataclasses import dataclass

from ringside.core.boxes import ChunkInfo, Mark
from ringside.core.media import NS_PER_S, Chunk, Grid

EARLY_NS = 500_000_000  # a chunk cannot end so long after it came, unless a clock is wrong
SHOWN = ("slate", "black", "frozen", "silent")  # a studio's own words
SHORT, MISSING, TIMING, LATE = "short", "missing frames", "bad timing", "late"


@dataclass(frozen=True, slots=True)
class Offer:
    """A chunk that came at `came_ns`; `faults` are words for what is wrong with it. `opens`: it begins a segment."""

    chunk: Chunk
    came_ns: int
    opens: bool
    faults: tuple[str, ...] = ()

    @property
    def start_ticks(self) -> int:
        """Where it begins."""
        return self.chunk.start_ticks

    @property
    def end_ticks(self) -> int:
        """Where it ends."""
        return self.chunk.start_ticks + self.chunk.duration_ticks


def faults(info: ChunkInfo, grid: Grid, mark: Mark, reached_ticks: int | None, now_ns: int) -> tuple[str, ...]:
    """What is wrong with a chunk: by its own word, by its times, and after what came before it from the same studio.

    `reached_ticks`: where that ended; None for a first one.
    """
    slack = grid.frame_ticks // 2
    end_ns = (info.start_ticks + info.duration_ticks) * NS_PER_S // grid.timescale
    after = 0 if reached_ticks is None else info.start_ticks - reached_ticks
    told = {
        SHORT: after > slack,
        MISSING: grid.kind == "video" and info.sample_count * grid.frame_ticks < info.duration_ticks - slack,
        TIMING: after < -slack or info.start_ticks % grid.frame_ticks or end_ns > now_ns + EARLY_NS,
    }
    return (*mark.words, *(word for word, found in told.items() if found))


Bridges = Callable[[list[bytes], int], bytes]
"""Chunks from an independent one on, and the tick at which the one made of them begins. Raises BoxError."""
