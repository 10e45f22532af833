"""Spool: the folder of one session on this machine: a journal of records, and a file for each segment.

    session.json            which event, and how it is cut
    journal-00000007        a checkpoint, and the records that followed it
    {track}/{n}.m4s         media, as it was published; the newest one grows
    {track}/{init}          CMAF headers
    {track}/roll.jsonl      a line for each finished segment

Media is written before the record that speaks of it, and a journal is put in place whole: so what can be read was all
written, whenever the process was killed. Nothing is synced to the disk: this outlives a process, not a power cut.
Every write says where it goes, so that one that failed is simply made again.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from ringside.core.catalog import began_ns_of
from ringside.core.media import Timeline
from ringside.flow.origin.archive import records
from ringside.flow.origin.archive.records import Checkpoint, Opened, Record
from ringside.flow.origin.archive.scribe import Turn

Job = Callable[[], None]
JOURNAL = re.compile(r"journal-(\d{8})")


@dataclass(frozen=True, slots=True)
class About:
    """What a session is of. `session`: its name, which tells when it began."""

    event: str
    session: str
    title: str
    timeline: Timeline

    @property
    def began_ns(self) -> int:
        """Unix time at which it began."""
        return began_ns_of(self.session)

    def encode(self) -> bytes:
        """As JSON."""
        cut = {"segment_s": str(self.timeline.segment_s), "part_s": str(self.timeline.part_s)}
        return json.dumps({"event": self.event, "session": self.session, "title": self.title, **cut}).encode()

    @classmethod
    def read(cls, folder: Path) -> "About | None":
        """Of the session in `folder`; None where there is none."""
        try:
            values = json.loads((folder / "session.json").read_bytes())
            timeline = Timeline(Fraction(values["segment_s"]), Fraction(values["part_s"]))
            return cls(str(values["event"]), str(values["session"]), str(values["title"]), timeline)
        except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
            return None


class Lock:
    """Held by one process at a time, and let go of when it ends, however it ends (flock)."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Whether it is ours now."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go."""
        os.close(self._fd)


class Spool:
    """Writes the session in `folder`. Every method may raise OSError, and may then be called again with the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._chapter = max(chapters(folder), default=0)
        self._journal = -1
        self._at = 0  # how long the journal is
        self._files: dict[str, tuple[int, int]] = {}  # by track: the segment that grows, and its descriptor
        self._rolls: dict[str, int] = {}  # by track: how long its roll is

    def __repr__(self) -> str:
        return f"<Spool {self.folder} chapter {self._chapter}, {self._at} B>"

    def begin(self, about: About) -> None:
        """Make the folder, unless it is there."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if About.read(self.folder) != about:
            replace_file(self.folder / "session.json", about.encode())

    def chapter(self, checkpoint: Checkpoint) -> None:
        """Go on in a new journal, which begins with `checkpoint`; the one before is let go."""
        path = self.folder / f"journal-{self._chapter + 1:08d}"
        line = records.write(checkpoint)
        replace_file(path, line)
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        if self._journal >= 0:
            os.close(self._journal)
        self._journal, self._at, self._chapter = fd, len(line), self._chapter + 1
        for number, old in chapters(self.folder).items():
            if number < self._chapter:
                old.unlink(missing_ok=True)

    def lines(self, data: bytes) -> None:
        """Records, as lines, at the journal's end."""
        _write_all(self._journal, data, self._at)
        self._at += len(data)

    def media(self, track: str, number: int, offset: int, data: bytes) -> None:
        """Bytes of a segment. A new segment's file takes the place of the one before as the track's open file."""
        held = self._files.get(track)
        if held is None or held[0] != number:
            if held is not None:
                os.close(held[1])
                del self._files[track]
            self._files[track] = held = (number, self._open(track, number))
        _write_all(held[1], data, offset)

    def _open(self, track: str, number: int) -> int:
        path = self.segment(track, number)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700)
            return os.open(path, flags, 0o600)

    def turn(self, turn: Turn, but: Container[tuple[str, int]] = ()) -> list[Job]:
        """What writes a turn: media, headers, and then the records; no media of the segments `but`."""
        jobs: list[Job] = [
            partial(self.media, *media) for media in turn.media if (media.track, media.number) not in but
        ]
        for record in turn.records:
            if isinstance(record, Opened):
                jobs.append(partial(self.header, record.track.name, record.track.init_name, record.track.init))
        return [*jobs, partial(self._records, turn.records)]

    def _records(self, those: Sequence[Record]) -> None:
        self.lines(b"".join(records.write(record) for record in those))

    def header(self, track: str, name: str, data: bytes) -> None:
        """A CMAF header."""
        path = self.folder / track / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        replace_file(path, data)

    def finished(self, track: str, line: bytes) -> None:
        """A line of the track's roll."""
        path = self.folder / track / "roll.jsonl"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if track not in self._rolls:
                self._rolls[track] = _whole_lines(fd)
            _write_all(fd, line, self._rolls[track])
            self._rolls[track] += len(line)
        finally:
            os.close(fd)

    def cut(self, track: str, number: int, size: int) -> None:
        """A segment has no more than `size` bytes: what comes after them was never told of."""
        path = self.segment(track, number)
        if path.exists() and path.stat().st_size > size:
            os.truncate(path, size)

    def remove(self, track: str, numbers: Iterable[int]) -> None:
        """Let media go."""
        for number in numbers:
            self.segment(track, number).unlink(missing_ok=True)

    def segment(self, track: str, number: int) -> Path:
        """A segment's file."""
        return self.folder / track / f"{number}.m4s"

    def close(self) -> None:
        """Close what is open."""
        for fd in [self._journal, *(fd for _, fd in self._files.values())]:
            if fd >= 0:
                os.close(fd)
        self._journal, self._files = -1, {}


def replace_file(path: Path, data: bytes) -> None:
    """`data` at `path`, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(data)
    fresh.rename(path)


def _write_all(fd: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


def _whole_lines(fd: int) -> int:
    """How long a file of lines is up to the end of its last whole one; what is behind it is cut off."""
    size = os.fstat(fd).st_size
    whole = os.pread(fd, size, 0).rfind(b"\n") + 1
    if whole < size:
        os.ftruncate(fd, whole)
    return whole


def remove_session(folder: Path) -> None:
    """Let all of a session go."""
    shutil.rmtree(folder, ignore_errors=True)


def chapters(folder: Path) -> dict[int, Path]:
    """The journals in a folder, by number."""
    if not folder.is_dir():
        return {}
    found = ((JOURNAL.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path for match, path in found if match}
