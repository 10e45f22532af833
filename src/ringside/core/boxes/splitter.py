"""Splitter: cuts a stream of bytes, however they arrive, into CMAF headers and chunks.

The state is one unit in the making, a run of whole boxes plus one that is still growing, and the offset at which the
next box ends. Bytes are looked at once; a box's length is checked against the unit's limit before one byte of it is
waited for, so memory stays below that limit plus what one call hands in. A unit leaves with its last byte.

  ftyp … moov          an Init
  … moof … mdat        a Raw chunk, with the styp, prft, emsg and sidx ahead of it
  free, skip, mfra     between units: left out
"""

from dataclasses import dataclass

from ringside.core.boxes.box import BoxError, header_at, legible

MAX_INIT_BYTES = 256 * 1024
MAX_CHUNK_BYTES = 16 * 1024 * 1024

IDLE, INIT, CHUNK, FRAGMENT = "between units", "after ftyp", "ahead of a moof", "after moof"

# What may come in each state, and the state that follows; "" ends the unit, SKIPPED leaves the box out.
SKIPPED = "skipped"
PREFIX = dict.fromkeys(("styp", "prft", "emsg", "sidx"), CHUNK)
PADDING = ("free", "skip", "mfra", "uuid")
NEXT: dict[str, dict[str, str]] = {
    IDLE: {"ftyp": INIT, **PREFIX, "moof": FRAGMENT, **dict.fromkeys(PADDING, SKIPPED)},
    INIT: {"free": INIT, "skip": INIT, "uuid": INIT, "pdin": INIT, "moov": ""},
    CHUNK: {**PREFIX, "free": CHUNK, "skip": CHUNK, "uuid": CHUNK, "moof": FRAGMENT},
    FRAGMENT: {"free": FRAGMENT, "skip": FRAGMENT, "mdat": ""},
}


@dataclass(frozen=True, slots=True)
class Init:
    """A whole CMAF header: ftyp and moov."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Raw:
    """A whole CMAF chunk, not yet looked into."""

    data: bytes


class Splitter:
    """Feed it bytes as they come; after a BoxError the stream is lost and every further call raises it again."""

    def __init__(self) -> None:
        self._buffer = bytearray()  # begins where the unit in the making does
        self._state = IDLE
        self._box_start = 0  # of the box in the making, within the unit
        self._box_end = 0  # 0 while its header is not all there
        self._next = ""  # the state behind that box
        self._skip = 0  # bytes to leave out that are yet to come
        self._error: BoxError | None = None

    def __repr__(self) -> str:
        return f"<Splitter {self._error or self._state} {len(self._buffer)} B>"

    @property
    def pending_bytes(self) -> int:
        """Bytes held of a unit that is not complete: 0 exactly between units."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Init | Raw]:
        """The headers and chunks whose last byte is in `data`, in order.

        When something behind them is not CMAF they still leave, and the next call raises.
        """
        if self._error is not None:
            raise self._error
        done: list[Init | Raw] = []
        try:
            self._advance(data, done)
        except BoxError as error:
            self._error = error
            self._buffer.clear()
            if not done:
                raise
        return done

    def _advance(self, data: bytes, done: list[Init | Raw]) -> None:
        self._buffer += data
        at = 0  # where the unit begins; what is before it is cut off once, at the end
        while True:
            if self._skip:
                left_out = min(self._skip, len(self._buffer) - at)
                at, self._skip = at + left_out, self._skip - left_out
                if self._skip:
                    break
            if not self._box_end:
                head = header_at(self._buffer, at + self._box_start)
                if head is None:
                    break
                self._open(*head)
            elif len(self._buffer) - at < self._box_end:
                break
            elif self._next:
                self._state, self._box_start, self._box_end = self._next, self._box_end, 0
            else:
                done.append(self._take(at))
                at += self._box_end
                self._state, self._box_start, self._box_end = IDLE, 0, 0
        del self._buffer[:at]

    def _open(self, type: str, length: int, size: int) -> None:
        follows = NEXT[self._state].get(type)
        if follows is None:
            raise BoxError(_misplaced(type, self._state))
        if follows == SKIPPED:
            self._skip = size
            return
        limit = MAX_INIT_BYTES if type == "ftyp" or self._state == INIT else MAX_CHUNK_BYTES
        if self._box_start + size > limit:
            raise BoxError(f"box {type} of {size} bytes makes more than the {limit} bytes a {_unit(limit)} may have")
        self._next, self._box_end = follows, self._box_start + size

    def _take(self, at: int) -> Init | Raw:
        with memoryview(self._buffer) as view:
            data = bytes(view[at : at + self._box_end])
        return Init(data) if self._state == INIT else Raw(data)


def _unit(limit: int) -> str:
    return "header" if limit == MAX_INIT_BYTES else "chunk"


def _misplaced(type: str, state: str) -> str:
    if type == "mdat" and state in (IDLE, INIT):
        return "mdat comes without a moof: this is a plain MP4, not a fragmented one"
    if type == "moov":
        return "moov comes without an ftyp ahead of it"
    return f"box {legible(type)} does not belong {state}"
