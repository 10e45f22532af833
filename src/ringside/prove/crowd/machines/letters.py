"""Letters: what coordinator and workers write to one another over NATS: JSON, deflated, in pieces when it is long.

A piece is `k/n ` in ASCII, then bytes. Pieces of one sender come in order, as NATS keeps it. What is no letter, or part
of one whose beginning was missed, is a ValueError or nothing at all; a letter's size is bounded on both sides.
"""

import json
import zlib
from typing import Any

PIECE = 768 * 1024
"""Bytes; NATS's own default limit is 1 MiB."""
LARGEST = 64 * 1024 * 1024
"""Bytes of JSON in one letter."""


def pack(letter: dict[str, Any], piece: int = PIECE) -> list[bytes]:
    """The messages to send, in order. Raises ValueError when it is over 64 MiB."""
    text = json.dumps(letter, separators=(",", ":")).encode()
    if len(text) > LARGEST:
        raise ValueError(f"a letter of {len(text)} bytes is over the limit")
    data = zlib.compress(text, 1)
    count = -(-len(data) // piece)
    return [f"{k}/{count} ".encode() + data[k * piece : (k + 1) * piece] for k in range(count)]


def inflate(data: bytes) -> dict[str, Any]:
    """One letter from its bytes. Raises ValueError, also for one that is over 64 MiB when inflated."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, LARGEST)
    except zlib.error as error:
        raise ValueError(f"not a letter: {error}") from None
    if not inflater.eof:
        raise ValueError("not a letter: cut short, or over the limit")
    letter = json.loads(text)
    if not isinstance(letter, dict):
        raise ValueError("not a letter: not a JSON object")
    return letter


class Inbox:
    """Puts the pieces of one sender together."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def take(self, message: bytes) -> dict[str, Any] | None:
        """The letter that `message` completes; None while more is to come. Raises ValueError for what is no letter."""
        head, space, data = message.partition(b" ")
        k, slash, n = head.partition(b"/")
        if not (space and slash and k.isdigit() and n.isdigit() and len(head) < 20):
            raise ValueError("not a letter: no piece number")
        if int(k) != len(self._pieces):
            self._pieces.clear()  # its beginning was missed, or a letter was given up
            if int(k) != 0:
                return None
        self._pieces.append(data)
        if sum(map(len, self._pieces)) > LARGEST:
            self._pieces.clear()
            raise ValueError("not a letter: over the limit")
        if len(self._pieces) < int(n):
            return None
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return inflate(whole)
