"""Found: what the spool of a session says when it is read again: the past, the rolls, and the media of both.

Reading stops at the first record that is not whole, or whose media is not: nobody was told of what comes after it.
"""

import os
import zlib
from dataclasses import replace
from pathlib import Path

from ringside.core.catalog import Roll, Unreadable, read_shard
from ringside.core.media import Part, Segment, Timeline
from ringside.flow.origin.archive import records
from ringside.flow.origin.archive.past import Past, PastLane
from ringside.flow.origin.archive.records import Added, Checkpoint
from ringside.flow.origin.archive.spool import About, chapters
from ringside.flow.origin.standing import Growing, Standing


class Found:
    """A session in `folder`, of which there is a past."""

    def __init__(self, folder: Path, about: About, past: Past) -> None:
        self.folder = folder
        self.about = about
        self.past = past
        self.missing = 0  # segments whose media is gone

    def __repr__(self) -> str:
        return f"<Found {self.about.session} {self.past!r}>"

    @classmethod
    def read(cls, folder: Path, timeline: Timeline) -> "Found | None":
        """The session in `folder`, if there is one that is cut alike. Raises OSError."""
        about = About.read(folder)
        if about is None or about.timeline != timeline:
            return None
        for _, path in sorted(chapters(folder).items(), reverse=True):
            past = Past(timeline)
            if _replay(past, folder, path.read_bytes()):
                found = cls(folder, about, past)
                found._look()
                return found
        return None

    @property
    def newest_ns(self) -> int:
        """Unix time up to which there is media; 0 without any."""
        ends = [lane.window.end_ticks * 10**9 // lane.track.timescale for lane in self.past.lanes.values()]
        return max(ends, default=0)

    def media(self, track: str, number: int) -> bytes:
        """The bytes of a segment that the window has. Raises OSError."""
        standing = self.past.lanes[track].window.standing()
        growing = standing.growing
        sizes = {segment.number: segment.size for segment in standing.segments}
        size = growing.size if growing is not None and growing.number == number else sizes[number]
        return _path(self.folder, track, number).read_bytes()[:size]

    def rolls(self) -> dict[str, Roll]:
        """The finished segments of every track: those that were written down, and those that the past has besides."""
        rolls = {}
        for name, lane in self.past.lanes.items():
            roll = rolls[name] = Roll()
            for segment in (*_lines_of(self.folder / name / "roll.jsonl"), *lane.window.segments):
                if not len(roll) or segment.number == roll.after:
                    roll.add(segment)
        return rolls

    def _look(self) -> None:
        """Where the media of a segment is not all there, it is a GAP."""
        for name, lane in self.past.lanes.items():
            standing = lane.window.standing()
            segments = tuple(self._looked_at(name, segment) for segment in standing.segments)
            growing = standing.growing
            if growing is not None and growing.size > _size(self.folder, name, growing.number):
                growing = _empty(growing, standing)
                self.missing += 1
            lane.window.resume(replace(standing, segments=segments, growing=growing))

    def _looked_at(self, name: str, segment: Segment) -> Segment:
        if segment.gap or segment.size <= _size(self.folder, name, segment.number):
            return segment
        self.missing += 1
        return replace(segment, gap=True, size=0, parts=())


def _replay(past: Past, folder: Path, journal: bytes) -> bool:
    """Whether the journal begins as one does."""
    begun = False
    reader = _Reader(folder, past)
    for record in records.read(journal):
        if not begun and not isinstance(record, Checkpoint):
            return False
        begun = True
        if isinstance(record, Added) and not reader.has(record):
            break
        try:
            past.apply(record)
        except ValueError:
            break
    reader.close()
    return begun


class _Reader:
    """Compares media with what its records say. Media that was let go since is believed."""

    def __init__(self, folder: Path, past: Past) -> None:
        self._folder = folder
        self._past = past
        self._files: dict[
            str, tuple[int, int, int]
        ] = {}  # by track: a segment, its descriptor, where the next chunk is

    def has(self, record: Added) -> bool:
        """Whether the bytes of `record` are there; asked for in order."""
        number, fd, at = self._files.get(record.track, (-1, -1, 0))
        if number != record.number:
            if fd >= 0:
                os.close(fd)
            fd, at = self._open(record), _grown(self._past.lanes.get(record.track), record.number)
        self._files[record.track] = (record.number, fd, at + record.size)
        return fd < 0 or zlib.crc32(os.pread(fd, record.size, at)) == record.crc

    def _open(self, record: Added) -> int:
        try:
            return os.open(_path(self._folder, record.track, record.number), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return -1

    def close(self) -> None:
        """Close what is open."""
        for _, fd, _ in self._files.values():
            if fd >= 0:
                os.close(fd)


def _grown(lane: PastLane | None, number: int) -> int:
    """How many bytes of a segment there are so far."""
    growing = lane.window.standing().growing if lane is not None else None
    return growing.size if growing is not None and growing.number == number else 0


def _empty(growing: Growing, standing: Standing) -> Growing:
    """The segment in the making, as one without media."""
    ticks = standing.end_ticks - growing.start_ticks
    parts = [Part(0, growing.start_ticks, ticks, False, gap=True)] if growing.parts else []
    return Growing(growing.number, growing.start_ticks, growing.init_name, growing.discontinuity, parts=parts)


def _path(folder: Path, track: str, number: int) -> Path:
    return folder / track / f"{number}.m4s"


def _size(folder: Path, track: str, number: int) -> int:
    try:
        return _path(folder, track, number).stat().st_size
    except FileNotFoundError:
        return 0


def _lines_of(path: Path) -> list[Segment]:
    segments: list[Segment] = []
    try:
        for segment in read_shard(path.read_bytes(), str(path), most_bytes=1 << 30):
            segments.append(segment)
    except (OSError, Unreadable):
        pass
    return segments
