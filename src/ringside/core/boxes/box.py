"""Box: the frame around everything in an ISO base media file (ISO/IEC 14496-12 §4.2).

Bytes enter, boxes leave, and the other way round. A declared length is never believed beyond the bytes at hand, so
nothing here allocates by what a stranger claims. What is inside a box is the business of the file named after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ringside.core.errors import RingsideError

HEADER_BYTES = 8


class BoxError(RingsideError):
    """The bytes are not the CMAF they should be; the sentence says which box, and how."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box, found at offset `start` of the data it was read from."""

    type: str
    start: int
    size: int
    body: memoryview

    @property
    def end(self) -> int:
        """Offset of the first byte behind it."""
        return self.start + self.size

    @property
    def body_start(self) -> int:
        """Offset of its first byte behind the header."""
        return self.end - len(self.body)


def legible(type: str) -> str:
    """A box type as a person can read it: as it is, or as hexadecimal when it is no text."""
    return type if type.isascii() and type.isprintable() else "0x" + type.encode("latin-1").hex()


def header_at(data: bytes | bytearray | memoryview, at: int) -> tuple[str, int, int] | None:
    """(type, header bytes, whole size) of the box at offset `at`; None while its header is not all there."""
    if len(data) - at < HEADER_BYTES:
        return None
    size, length = int.from_bytes(data[at : at + 4], "big"), HEADER_BYTES
    type = bytes(data[at + 4 : at + 8]).decode("latin-1")
    if size == 0:
        raise BoxError(f"box {legible(type)} runs to the end of the file, which a stream does not have")
    if size == 1:
        length = 16
        if len(data) - at < length:
            return None
        size = int.from_bytes(data[at + 8 : at + 16], "big")
    if size < length:
        raise BoxError(f"box {legible(type)} claims {size} bytes, fewer than its own header")
    return type, length, size


def boxes(data: bytes | memoryview) -> Iterator[Box]:
    """The boxes that fill `data`, one after the other."""
    view, at = memoryview(data), 0
    while at < len(view):
        head = header_at(view, at)
        if head is None:
            raise BoxError(f"{len(view) - at} stray bytes stand where a box should")
        type, length, size = head
        if at + size > len(view):
            raise BoxError(f"box {legible(type)} claims {size} bytes, but {len(view) - at} are left")
        yield Box(type, at, size, view[at + length : at + size])
        at += size


def each(parent: Box, type: str) -> list[Box]:
    """The children of that type."""
    return [box for box in boxes(parent.body) if box.type == type]


def only(parent: Box, *path: str) -> Box:
    """The one child of that type, then its one child of the next, and so on down `path`."""
    for type in path:
        found = each(parent, type)
        if len(found) != 1:
            raise BoxError(f"{parent.type} has {len(found)} {type} boxes instead of one")
        parent = found[0]
    return parent


def box(type: str, *payload: bytes) -> bytes:
    """A box around `payload`."""
    body = b"".join(payload)
    return (HEADER_BYTES + len(body)).to_bytes(4, "big") + type.encode("latin-1") + body


def full_box(type: str, version: int, flags: int, *payload: bytes) -> bytes:
    """A box with version and flags (§4.2.2) around `payload`."""
    return box(type, bytes([version]), flags.to_bytes(3, "big"), *payload)


class Reader:
    """A cursor over a box's body, that says which box ends too early."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._at = 0

    def bytes(self, n: int) -> bytes:
        """The next `n` bytes."""
        taken = bytes(self._box.body[self._at : self._at + n])
        if len(taken) < n:
            raise BoxError(f"box {self._box.type} of {self._box.size} bytes is too short for its fields")
        self._at += n
        return taken

    def u(self, n: int) -> int:
        """An unsigned number of `n` bytes."""
        return int.from_bytes(self.bytes(n), "big")

    def skip(self, n: int) -> None:
        """Pass over `n` bytes."""
        self.bytes(n)

    def full(self) -> tuple[int, int]:
        """(version, flags) of a full box."""
        return self.u(1), self.u(3)

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._box.body) - self._at

    def rest(self) -> Iterator[Box]:
        """The boxes that fill what is left."""
        return boxes(self._box.body[self._at :])


def u8(n: int) -> bytes:
    """One byte."""
    return n.to_bytes(1, "big")


def u16(n: int) -> bytes:
    """Two bytes, most significant first, as all that follow."""
    return n.to_bytes(2, "big")


def u32(n: int) -> bytes:
    """Four bytes."""
    return n.to_bytes(4, "big")


def u64(n: int) -> bytes:
    """Eight bytes."""
    return n.to_bytes(8, "big")
