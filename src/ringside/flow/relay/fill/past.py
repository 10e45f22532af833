"""Past: a media playlist that goes on with another origin's without taking back what it has said. Pure.

What enters: the playlist as viewers were told it, and then each one of the origin that is on the air now. What leaves:
that one, with the past as it was told: segments and parts that were listed stay as they were (rfc8216bis §6.2.2), the
media sequence number never falls, and neither does the discontinuity sequence number. When the two pasts are the same,
or what differed has left the window, there is nothing more to do, and playlists pass as they come.

The names in it are the origin's own playlist lines, not media: which lines a segment has is all that is known here.
"""

import math
import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from ringside.core.feed import Playlist

SEQUENCE, BREAKS = "#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-DISCONTINUITY-SEQUENCE:"
BREAK, MAP, PART, GAP = "#EXT-X-DISCONTINUITY", "#EXT-X-MAP:", "#EXT-X-PART:", "#EXT-X-GAP"
DURATION = "#EXTINF:"
TIME = "#EXT-X-PROGRAM-DATE-TIME:"
OF_SEGMENTS = (BREAK, MAP, PART, GAP, DURATION, TIME, "#EXT-X-BITRATE:", "#EXT-X-BYTERANGE:")
OF_THE_END = ("#EXT-X-PRELOAD-HINT:", "#EXT-X-RENDITION-REPORT:", "#EXT-X-ENDLIST")
SKIPPED = re.compile(rb"^#EXT-X-SKIP:.*?SKIPPED-SEGMENTS=(\d{1,9})", re.MULTILINE)
GAPS = "GAP=YES"
MICROSECOND = Decimal("0.000001")
LONG = re.compile(r"DURATION=([0-9.]{1,20})")


class Unread(Exception):
    """These are not the lines of a playlist that can be gone on with."""


@dataclass(frozen=True, slots=True)
class Block:
    """A segment: what precedes its parts but DISCONTINUITY and MAP, its parts, and what closes it once it is whole."""

    number: int
    breaks: bool
    map: str
    opening: tuple[str, ...]
    parts: tuple[str, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """A media playlist taken apart: `head` without its sequence numbers, consecutive segments, `end`."""

    head: tuple[str, ...]
    breaks: int
    blocks: tuple[Block, ...]
    end: tuple[str, ...]

    @property
    def first(self) -> int:
        """The media sequence number."""
        return self.blocks[0].number

    @property
    def whole(self) -> int:
        """How many segments are complete."""
        return sum(bool(block.closing) for block in self.blocks)


def read(body: bytes) -> Lines:
    """Take a playlist apart. Raises Unread."""
    head: list[str] = []
    end: list[str] = []
    blocks: list[Block] = []
    kept: list[str] = []
    number, breaks, header = -1, 0, ""
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith(SEQUENCE):
            number = _number(line)
        elif line.startswith(BREAKS):
            breaks = _number(line)
        elif line.startswith(OF_THE_END):
            end.append(line)
        elif line.startswith(OF_SEGMENTS) or not line.startswith("#"):
            kept.append(line)
            header = line if line.startswith(MAP) else header
            if not line.startswith("#"):
                blocks.append(_block(number + len(blocks), kept, header))
                kept = []
        else:
            (kept if kept or blocks else head).append(line)
    if any(line.startswith(PART) for line in kept):
        blocks.append(_block(number + len(blocks), kept, header))
    if number < 0 or not blocks:
        raise Unread("no segments by number")
    return Lines(tuple(head), breaks, tuple(blocks), tuple(end))


def write(lines: Lines, skipped: int = 0) -> bytes:
    """The playlist; `skipped`: as a delta update that leaves out so many segments (§6.2.5.1)."""
    out = [*lines.head, f"{SEQUENCE}{lines.first}"]
    if lines.breaks or any(block.breaks for block in lines.blocks):
        out.append(f"{BREAKS}{lines.breaks}")
    out += [f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}"] if skipped else []
    header = lines.blocks[skipped].map if skipped < len(lines.blocks) else ""
    out += [header] if header else []
    for block in lines.blocks[skipped:]:
        out += [BREAK] if block.breaks else []
        out += [block.map] if block.map and (block.breaks or block.map != header) else []
        header = block.map
        out += [*block.opening, *block.parts, *block.closing]
    return "\n".join([*out, *lines.end, ""]).encode()


class Past:
    """What viewers of one playlist were told; `told` is its newest version."""

    def __init__(self, told: Playlist) -> None:
        """Raises Unread."""
        self._told = read(told.body)
        self._depth = self._told.whole
        self.over = told.ended  # what comes is to be passed as it is

    def __repr__(self) -> str:
        return f"<Past {self._told.first} to {self._told.blocks[-1].number}{' over' if self.over else ''}>"

    def go_on(self, playlist: Playlist) -> Playlist:
        """`playlist`, as it follows on what was told. Once `over`, they pass as they are."""
        if self.over:
            return playlist
        try:
            new = read(playlist.body)
        except Unread:
            return playlist
        if new.first > self._told.blocks[-1].number + 1 or new.blocks[-1].number < self._told.blocks[-1].number:
            self.over = True  # it does not follow on it
            return playlist
        joined = self._joined(new)
        self._told = joined
        if (joined.blocks, joined.breaks) == (new.blocks, new.breaks):
            self.over = True
            return playlist
        return replace(playlist, body=write(joined), delta=self._delta(playlist, new, joined))

    def _joined(self, new: Lines) -> Lines:
        theirs = {block.number: block for block in new.blocks}
        last, shown = self._told.blocks[-1].number, _shown(new)
        blocks = [_merged(block, theirs.get(block.number), block.number >= shown) for block in self._told.blocks]
        for block in new.blocks:
            if block.number > last:
                blocks.append(_after(blocks[-1], theirs.get(block.number - 1), block))
        breaks, spare = self._told.breaks, sum(bool(block.closing) for block in blocks) - max(self._depth, new.whole)
        while spare > 0:
            breaks += blocks.pop(0).breaks
            spare -= 1
        return Lines(new.head, breaks, tuple(blocks), new.end)

    def _delta(self, playlist: Playlist, new: Lines, joined: Lines) -> bytes:
        found = SKIPPED.search(playlist.delta)
        skipped = new.first + int(found[1]) - joined.first if found else 0
        return write(joined, skipped) if 0 < skipped < len(joined.blocks) else b""


def fits(told: bytes, theirs: bytes) -> bool:
    """Whether the other origin's newest segments can go on what was told: cut alike, with no gap from there on."""
    try:
        ours, other = read(told), read(theirs)
    except Unread:
        return True
    last = ours.blocks[-1]
    for block in other.blocks:
        known = last.parts if block.number == last.number and not last.closing else ()
        if block.number < last.number or (block.number == last.number and last.closing):
            continue
        if known and not _alike(last, block):
            return False
        if any(GAPS in part for part in block.parts[len(known) :]) or (GAP in block.opening and not known):
            return False
    return other.first <= last.number + bool(last.closing)


def _alike(told: Block, theirs: Block) -> bool:
    """Whether a segment begins at the same time in both, and its parts last equally long, as far as there are both."""
    if ({*told.opening} ^ {*theirs.opening}) - {GAP}:
        return False
    return all(_seconds(one) == _seconds(other) for one, other in zip(told.parts, theirs.parts, strict=False))


def _seconds(part: str) -> Decimal:
    found = LONG.search(part)
    return Decimal(found[1]) if found else Decimal(0)


def _shown(new: Lines) -> int:
    """The first segment that shows its parts; where the origin has no more of them, as it would if it had."""
    newest = new.blocks[-1]
    first = next((block.number for block in new.blocks if block.parts), newest.number + 1)
    return min(first, newest.number - (1 if newest.closing else 2)) if first == new.first else first


def _merged(told: Block, theirs: Block | None, shown: bool) -> Block:
    """A segment that was told, as it stands now that the other origin has `theirs`."""
    parts, opening = told.parts, told.opening
    if theirs is not None and not told.closing:
        parts = _gone_on(told, theirs)
        opening = theirs.opening if all(GAPS in part for part in parts) else opening  # it has come to nothing
    closing = told.closing or (theirs.closing if theirs is not None else _closing(told))
    return replace(told, parts=parts if shown else (), opening=opening, closing=closing)


def _gone_on(told: Block, theirs: Block) -> tuple[str, ...]:
    """The parts of a segment that was told in part. Where it is cut otherwise, what is left of it is a gap."""
    if _alike(told, theirs):
        return (*told.parts, *theirs.parts[len(told.parts) :])
    if not theirs.closing:
        return told.parts
    whole = Decimal(theirs.closing[0].removeprefix(DURATION).partition(",")[0]) + _later(told, theirs)
    left, longest = whole - sum(map(_seconds, told.parts), Decimal(0)), max(map(_seconds, told.parts))
    count = max(0, math.ceil(left / longest))
    ends = [(left * n / count).quantize(MICROSECOND) for n in range(count + 1)]
    names = range(len(told.parts), len(told.parts) + count)
    gaps = [
        f'{PART}DURATION={end - begin},URI="{told.number}.{name}.m4s",{GAPS}'
        for name, (begin, end) in zip(names, pairwise(ends), strict=True)
    ]
    return (*told.parts, *gaps)


def _later(told: Block, theirs: Block) -> Decimal:
    """How much later than ours their segment begins, in seconds."""
    times = [
        datetime.fromisoformat(line.removeprefix(TIME))
        for block in (told, theirs)
        for line in block.opening
        if line.startswith(TIME)
    ]
    return Decimal(str((times[1] - times[0]).total_seconds())) if len(times) == 2 else Decimal(0)


def _after(before: Block, theirs_before: Block | None, block: Block) -> Block:
    """The other origin's next segment; a header that is new to viewers and not to its own list may break timing."""
    seam = block.map != before.map and (theirs_before is None or theirs_before.map == block.map)
    return replace(block, breaks=True) if seam else block


def _closing(told: Block) -> tuple[str, ...]:
    """What closes a segment that nobody finishes: it is as long as its parts."""
    return f"{DURATION}{sum(map(_seconds, told.parts), Decimal(0))},", f"{told.number}.m4s"


def _block(number: int, lines: list[str], header: str) -> Block:
    parts = tuple(line for line in lines if line.startswith(PART))
    closing = tuple(line for line in lines if line.startswith(DURATION) or not line.startswith("#"))
    apart = {BREAK, *parts, *closing}
    opening = tuple(line for line in lines if line not in apart and not line.startswith(MAP))
    return Block(number, BREAK in lines, header, opening, parts, closing)


def _number(line: str) -> int:
    text = line.partition(":")[2]
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Unread("a sequence number that is none")
    return int(text)
