"""Mark: what a studio knows to be wrong with a chunk it sends: a uuid box (ISO/IEC 14496-12 §11.1) of one byte.

A chunk and flags enter, a chunk with the box right behind its styp leaves; and the other way round. The box is
written only where something is wrong, so other origins see plain CMAF, and pass over it when it is there (§4.2.1).
Nothing inside the chunk counts from its first byte, so that nothing else changes.
"""

from collections.abc import Iterable
from enum import IntFlag
from functools import reduce
from operator import or_
from uuid import UUID

from ringside.core.boxes.box import Box, box, boxes, u8

USER = UUID("6b0c3d52-8f3e-5a0b-9d57-1b5f4c2ad1e6").bytes


class Mark(IntFlag):
    """What is wrong with the pictures or the sound of a chunk; 0: nothing that the studio knows of."""

    NONE = 0
    SLATE = 1  # the studio has no source and shows the slate
    BLACK = 2
    FROZEN = 4
    SILENT = 8

    @classmethod
    def of(cls, names: Iterable[str]) -> "Mark":
        """The marks of these names; "" and names of later versions are passed over."""
        marks = (cls.__members__.get(name.upper(), cls.NONE) for name in names)
        return reduce(or_, marks, cls.NONE)

    @property
    def words(self) -> tuple[str, ...]:
        """Its names, for people and metrics."""
        return tuple((each.name or "").lower() for each in type(self) if each in self)


def write_mark(chunk: bytes, mark: Mark) -> bytes:
    """The chunk with `mark` on it; as it is where there is none."""
    if not mark:
        return chunk
    first = next(boxes(chunk))
    at = first.end if first.type == "styp" else 0
    return b"".join((chunk[:at], box("uuid", USER, u8(mark)), chunk[at:]))


def read_mark(chunk: bytes) -> tuple[bytes, Mark]:
    """The chunk as viewers get it, and the mark that was on it."""
    found = [each for each in _ahead(chunk) if each.type == "uuid" and bytes(each.body[:16]) == USER]
    mark = Mark.NONE
    for each in reversed(found):
        mark |= Mark(each.body[16] & 0x0F) if len(each.body) > 16 else Mark.NONE
        chunk = chunk[: each.start] + chunk[each.end :]
    return chunk, mark


def _ahead(chunk: bytes) -> list[Box]:
    """The boxes before the moof."""
    found = []
    for each in boxes(chunk):
        if each.type == "moof":
            break
        found.append(each)
    return found
