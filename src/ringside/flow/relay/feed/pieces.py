"""Pieces: what is told, as it goes over HTTP: frames, and the bytes of media that complete the last of them. Pure.

What enters: what the shelf tells. What leaves: pieces of bounded size; media stays in its memfd, and is named.
Documents of the class NONE (status, metrics) are each process's own and are not told; nor is what was pulled.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from ringside.core.feed import PULLED, Appended, Cache, Closed, Document, Fresh, Message, Pulled, encode, growth
from ringside.flow.relay.feed.shelf import Memory, Told

PIECE_BYTES = 1 << 20  # of media in one frame: what the other end has to keep until it is whole
FRAMES_BYTES = 64 << 10  # of snapshot written in one piece
T = TypeVar("T")


class Piece(NamedTuple):
    """Frames, and after them bytes [first, end) of a memory, which complete the last of them."""

    frames: bytes
    memory: Memory | None = None
    first: int = 0
    end: int = 0


def pieces(told: Iterable[Told]) -> Iterator[Piece]:
    """What is sent over HTTP for what workers are told."""
    frames: list[bytes] = []
    size = 0
    for message, memory, first in told:
        if _is_private(message):
            continue
        if isinstance(message, Appended) and memory is not None:
            for at in range(first, message.size, PIECE_BYTES):
                end = min(at + PIECE_BYTES, message.size)
                frames.append(growth(message.blob, end, end - at))
                yield Piece(b"".join(frames), memory, at, end)
                frames, size = [], 0
        else:
            frames.append(encode(message))
            size += len(frames[-1])
            if size > FRAMES_BYTES:
                yield Piece(b"".join(frames))
                frames, size = [], 0
    if frames:
        yield Piece(b"".join(frames))


def ended(changes: list[Piece], message: Message) -> list[Piece]:
    """`changes` with `message` after them, in no more pieces than it takes."""
    if changes and changes[-1].memory is None:
        return [*changes[:-1], Piece(changes[-1].frames + encode(message))]
    return [*changes, Piece(encode(message))]


def _is_private(message: Message) -> bool:
    match message:
        case Document(cache=cache):
            return cache is Cache.NONE
        case Appended(blob=blob) | Closed(blob):
            return blob >= PULLED
        case _:
            return isinstance(message, Pulled | Fresh)


def spent(those: Iterable[T]) -> Iterator[T]:
    """`those`, each forgotten as it is taken, so that memory is not kept for what has been sent."""
    left = deque(those)
    while left:
        yield left.popleft()
