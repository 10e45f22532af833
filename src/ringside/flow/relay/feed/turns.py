"""Turns: what was told lately, turn by turn, so that whoever was cut off goes on where it was. Pure.

What enters: the pieces of each turn, when it was told, and what a reader asks. What leaves: the pieces of all turns
after one that it has, or None where they are no more: then it needs all that exists. Media is neither copied nor kept
for this: where a blob is gone meanwhile, so is every turn that added to it. What is kept is bounded in time and bytes.
"""

import re
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple
from weakref import ref

from ringside.core.feed import Turn
from ringside.flow.relay.feed.pieces import Piece
from ringside.flow.relay.feed.shelf import Memory

RING_NS = 30_000_000_000
RING_BYTES = 64 << 20  # of frames
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


class _Part(NamedTuple):
    """A piece, without a hold on its memory."""

    frames: bytes
    memory: "ref[Memory] | None"
    first: int
    end: int

    def again(self) -> Piece | None:
        """The piece; None where its memory is gone."""
        if self.memory is None:
            return Piece(self.frames)
        memory = self.memory()
        return None if memory is None else Piece(self.frames, memory, self.first, self.end)


class _Kept(NamedTuple):
    told_ns: int
    parts: list[_Part]
    bytes: int


class Ring:
    """The turns of one epoch. `turn`: the newest, number 0 before there is any; `bytes`: of frames kept."""

    def __init__(self, epoch: int) -> None:
        self._kept: deque[_Kept] = deque()
        self.turn = Turn(epoch, 0)
        self.bytes = 0

    def __repr__(self) -> str:
        return f"<Ring {len(self._kept)} turns to {self.turn.number}, {self.bytes} B>"

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def next(self) -> Turn:
        """The turn that the next `put` is for."""
        return Turn(self.turn.epoch, self.turn.number + 1)

    def put(self, pieces: Sequence[Piece], now_ns: int) -> None:
        """Take in the next turn, whose last piece says so. The oldest go where there is too much."""
        parts = [_Part(p.frames, None if p.memory is None else ref(p.memory), p.first, p.end) for p in pieces]
        size = sum(len(piece.frames) for piece in pieces)
        self.turn = self.next
        self._kept.append(_Kept(now_ns, parts, size))
        self.bytes += size
        while self._kept and (now_ns - self._kept[0].told_ns > RING_NS or self.bytes > RING_BYTES):
            self.bytes -= self._kept.popleft().bytes

    def since(self, turn: Turn) -> list[Piece] | None:
        """All that was told after `turn`; None where that cannot be said any more, or never could."""
        behind = self.turn.number - turn.number
        if turn.epoch != self.turn.epoch or not 0 <= behind <= len(self._kept):
            return None
        found: list[Piece] = []
        for at in range(len(self._kept) - behind, len(self._kept)):
            for part in self._kept[at].parts:
                piece = part.again()
                if piece is None:
                    return None
                found.append(piece)
        return found
