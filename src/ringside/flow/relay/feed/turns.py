"""Turns: what was told lately, turn by turn, so that whoever was cut off goes on where it was. Pure.

What enters: the pieces of each turn, when it was told, and what a reader asks. What leaves: the pieces of all turns
after one that it has, or None where they are no more: then it needs all that exists. Media is not copied: a piece names
its memfd. What is kept is bounded in time, in bytes of frames, and in bytes of media.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ringside.core.feed import Turn
from ringside.flow.relay.feed.pieces import Piece

RING_NS = 30_000_000_000
RING_FRAMES_BYTES = 64 << 20
RING_MEDIA_BYTES = 512 << 20
ASKS = re.compile(rb"GET /feed\?(turns|since=(\d{1,20})\.(\d{1,20})) ")
MAX_NUMBER = 2**64


class Asked(NamedTuple):
    """How a reader wants the feed: with `turns` marked or as of old; `since`, if not None, only what came after it."""

    turns: bool = False
    since: Turn | None = None


def asked(data: bytes) -> Asked:
    """What the request `data` for the feed asks; what is not understood asks for all, as of old."""
    found = ASKS.match(data)
    if found is None:
        return Asked()
    if found[1] == b"turns":
        return Asked(turns=True)
    epoch, number = int(found[2]), int(found[3])
    return Asked(True, Turn(epoch, number) if max(epoch, number) < MAX_NUMBER else None)


class _Kept(NamedTuple):
    told_ns: int
    pieces: Sequence[Piece]
    frames_bytes: int
    media_bytes: int


class Ring:
    """The turns of one epoch. `turn`: the newest, number 0 before there is any."""

    def __init__(self, epoch: int) -> None:
        self._kept: deque[_Kept] = deque()
        self.turn = Turn(epoch, 0)
        self.frames_bytes = self.media_bytes = 0

    def __repr__(self) -> str:
        return f"<Ring {len(self._kept)} turns to {self.turn.number}, {self.frames_bytes + self.media_bytes} B>"

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def next(self) -> Turn:
        """The turn that the next `put` is for."""
        return Turn(self.turn.epoch, self.turn.number + 1)

    def put(self, pieces: Sequence[Piece], now_ns: int) -> None:
        """Take in the next turn, whose last piece says so. The oldest go where there is too much."""
        frames = sum(len(piece.frames) for piece in pieces)
        media = sum(piece.end - piece.first for piece in pieces)
        self.turn = self.next
        self._kept.append(_Kept(now_ns, pieces, frames, media))
        self.frames_bytes += frames
        self.media_bytes += media
        while self._kept and self._is_too_much(now_ns):
            gone = self._kept.popleft()
            self.frames_bytes -= gone.frames_bytes
            self.media_bytes -= gone.media_bytes

    def since(self, turn: Turn) -> list[Piece] | None:
        """All that was told after `turn`; None where that cannot be said any more, or never could."""
        behind = self.turn.number - turn.number
        if turn.epoch != self.turn.epoch or not 0 <= behind <= len(self._kept):
            return None
        return list(self._after(behind))

    def _after(self, behind: int) -> Iterator[Piece]:
        for at in range(len(self._kept) - behind, len(self._kept)):
            yield from self._kept[at].pieces

    def _is_too_much(self, now_ns: int) -> bool:
        return (
            now_ns - self._kept[0].told_ns > RING_NS
            or self.frames_bytes > RING_FRAMES_BYTES
            or self.media_bytes > RING_MEDIA_BYTES
        )
