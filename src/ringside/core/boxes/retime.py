"""Retime: move a chunk along its track's timeline without touching its samples.

A tfdt or prft that must hold more than 32 bits grows from version 0 to version 1, and then every size above it and
the trun's data offset grow with it. sidx is left out, as it would lie about sizes and times alike.
"""

from collections.abc import Callable

from ringside.core.boxes.box import Box, BoxError, Reader, box, boxes, u32, u64
from ringside.core.boxes.trun import DATA_OFFSET
from ringside.core.media import rescale

Rewrite = Callable[[Box], bytes]


def retime(data: bytes, delta_ticks: int, timescale: int = 0) -> bytes:
    """The chunk in `data`, `delta_ticks` later (or earlier): its tfdt, and its prft's media time.

    With the track's `timescale`, the presentation times of emsg boxes (version 1) move too.
    """
    tops = {"prft": lambda b: _shifted_time(b, 16, delta_ticks)}
    if timescale:
        tops["emsg"] = lambda b: _shifted_emsg(b, delta_ticks, timescale)
    pieces = []
    for found in boxes(data):
        if found.type == "moof":
            pieces.append(_shifted_moof(data, found, delta_ticks))
        elif found.type != "sidx":
            pieces.append(tops.get(found.type, lambda b: _whole(data, b))(found))
    return b"".join(pieces)


def _whole(data: bytes, found: Box) -> bytes:
    return data[found.start : found.end]


def _shifted_moof(data: bytes, moof: Box, delta_ticks: int) -> bytes:
    grown = 0
    for traf in (b for b in boxes(moof.body) if b.type == "traf"):
        for found in (b for b in boxes(traf.body) if b.type == "tfdt"):
            grown += len(_shifted_time(found, 4, delta_ticks)) - found.size
    rewrites: dict[str, Rewrite] = {
        "tfdt": lambda b: _shifted_time(b, 4, delta_ticks),
        "trun": lambda b: _moved_trun(b, grown),
    }

    def rebuilt(parent: Box) -> bytes:
        return box(parent.type, *(child(b, parent.body) for b in boxes(parent.body)))

    def child(found: Box, body: memoryview) -> bytes:
        if found.type == "traf":
            return rebuilt(found)
        rewrite = rewrites.get(found.type)
        return rewrite(found) if rewrite else bytes(body[found.start : found.end])

    return rebuilt(moof)


def _shifted_time(found: Box, at: int, delta_ticks: int) -> bytes:
    """A full box whose last field, at `at`, is a time of 32 bits in version 0 and of 64 in version 1."""
    reader = Reader(found)
    version, _ = reader.full()
    reader.skip(at - 4)
    ticks = reader.u(8 if version else 4)
    if ticks >> 63:
        ticks -= 1 << 64  # ffmpeg's prft: sound that begins before zero (encoder delay)
    ticks += delta_ticks
    if not 0 <= ticks < 1 << 64:
        raise BoxError(f"{found.type} cannot be moved to {ticks} ticks")
    wide = version == 1 or ticks >> 32
    return box(found.type, b"\1" if wide else b"\0", bytes(found.body[1:at]), u64(ticks) if wide else u32(ticks))


def _moved_trun(trun: Box, grown: int) -> bytes:
    reader = Reader(trun)
    _, flags = reader.full()
    body = bytes(trun.body)
    if flags & DATA_OFFSET:
        reader.skip(4)
        moved = reader.u(4) + grown & 0xFFFF_FFFF
        body = body[:8] + u32(moved) + body[12:]
    return box("trun", body)


def _shifted_emsg(emsg: Box, delta_ticks: int, timescale: int) -> bytes:
    reader = Reader(emsg)
    version, _ = reader.full()
    body = bytes(emsg.body)
    if version == 1:
        own = reader.u(4)
        ticks = max(0, reader.u(8) + rescale(delta_ticks, timescale, own))
        body = body[:8] + u64(ticks) + body[16:]
    return box("emsg", body)
