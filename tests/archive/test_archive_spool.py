"""The spool: cut at any byte, as a kill does, it gives back all that anybody was told of."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_kit import TROUBLES, Recorded, Trouble, past_windows, play, timeline, windows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.origin.origin_kit import EVEN, TIMELINE, Edge, Lister

from ringside.flow.origin import Config, Publisher
from ringside.flow.origin.archive import spool as spool_module
from ringside.flow.origin.archive.found import Found
from ringside.flow.origin.archive.past import Past
from ringside.flow.origin.archive.resume import resume
from ringside.flow.origin.archive.scribe import Turn, checkpoint_of
from ringside.flow.origin.archive.spool import About, Spool

ABOUT = About("main", "20260101T000000.000Z", "", timeline())


class Killed(BaseException):
    """The process is no more."""


@contextlib.contextmanager
def killed_after(size: int) -> Iterator[list[int]]:
    """Writes go through until `size` bytes have been written; the one that goes beyond is cut off there, for good.

    Yields what is left of `size`, and then where each write ended.
    """
    left = [size]
    write, replace = spool_module._write_all, spool_module.replace_file

    def write_all(fd: int, data: bytes, at: int) -> None:
        had, left[0] = left[0], left[0] - len(data)
        left.append(size - left[0])
        write(fd, data[: max(0, had)], at)
        if left[0] < 0:
            raise Killed

    def replace_file(path: Path, data: bytes) -> None:
        had, left[0] = left[0], left[0] - len(data)
        if left[0] < 0:
            path.with_name(path.name + ".new").write_bytes(data[: max(0, had)])
            raise Killed
        replace(path, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool_module, "_write_all", write_all)
        patch.setattr(spool_module, "replace_file", replace_file)
        yield left


class Origin:
    """Writes every turn to a spool before it is told, with a new chapter now and then, until it is killed."""

    def __init__(self, folder: Path, chapter: int) -> None:
        self.spool = Spool(folder)
        self.chapter = chapter
        self.turns = 0
        self.before: dict[str, Any] = {}  # windows after the last turn that was told
        self.during: list[dict[str, Any]] = []  # after each record of the turn that is being written
        self._past = Past(TIMELINE)

    def begin(self, event: Recorded) -> None:
        self.spool.begin(ABOUT)
        self.spool.chapter(checkpoint_of(event.publisher))

    def __call__(self, event: Recorded, turn: Turn) -> None:
        self.during = []
        for record in turn.records:
            self._past.apply(record)
            self.during.append(past_windows(self._past))
        for job in self.spool.turn(turn):
            job()
        self.turns += 1
        if self.turns % self.chapter == 0:
            self.spool.chapter(checkpoint_of(event.publisher))
        self.before, self.during = windows(event.publisher), []


def run_until_killed(
    folder: Path, troubles: list[Trouble], size: int, chapter: int
) -> tuple[Origin, Recorded, list[int]]:
    origin = Origin(folder, chapter)
    event = Recorded(origin, dvr_s=12)
    with killed_after(size) as left:
        with contextlib.suppress(Killed):
            origin.begin(event)
            play(event, troubles, parts=40)
    origin.spool.close()
    return origin, event, left[1:]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(troubles=TROUBLES, share=st.floats(0, 1), more=st.integers(-2, 150), chapter=st.integers(1, 200))
def test_cut_at_any_byte_the_windows_are_as_they_were_told(
    tmp_path: Path, troubles: list[Trouble], share: float, more: int, chapter: int
) -> None:
    folder = tmp_path / "spool"
    shutil.rmtree(folder, ignore_errors=True)
    _, _, ends = run_until_killed(folder, troubles, 1 << 40, chapter)
    shutil.rmtree(folder)
    cut = ends[int(share * (len(ends) - 1))] + more
    origin, event, _ = run_until_killed(folder, troubles, cut, chapter)
    found = Found.read(folder, TIMELINE)
    if found is None:
        assert not origin.before, "something was told, and nothing is found"
        return
    assert found.missing == 0
    assert past_windows(found.past) in [origin.before, *origin.during]
    publisher = Publisher(Config(dvr_s=12), "main", TIMELINE, Lister())
    edge = Edge().take(resume(publisher, found.past, found.media, event.now_ns))
    for path, (_, offset, size) in event.edge.paths.items():
        number = path.rpartition("/")[2].split(".")[0]
        windows_have = any(int(number) == s.number for lane in publisher.lanes.values() for s in lane.window.segments)
        if windows_have or path in edge.paths:
            there = edge.read(path)
            assert there.startswith(event.edge.read(path)) if size < 0 else there == event.edge.read(path), offset


def test_a_segment_whose_media_is_gone_is_a_gap_and_the_rest_is_there(tmp_path: Path) -> None:
    run_until_killed(tmp_path, [], 1 << 40, 30)
    (tmp_path / "v720" / f"{EVEN + 2}.m4s").unlink()
    os.truncate(tmp_path / "a" / f"{EVEN + 1}.m4s", 10)
    found = Found.read(tmp_path, TIMELINE)
    assert found is not None
    gaps = {name: [s.number - EVEN for s in lane.window.segments if s.gap] for name, lane in found.past.lanes.items()}
    assert (gaps, found.missing) == ({"v720": [2], "a": [1]}, 2)


def test_media_that_was_changed_is_not_believed(tmp_path: Path) -> None:
    origin, _, _ = run_until_killed(tmp_path, [], 1 << 40, 1000)
    path = tmp_path / "v720" / f"{EVEN + 3}.m4s"
    path.write_bytes(b"x" * path.stat().st_size)
    found = Found.read(tmp_path, TIMELINE)
    assert found is not None
    assert found.past.lanes["v720"].window.number == EVEN + 2
    assert origin.before["v720"].number == EVEN + 3


def test_a_session_that_is_cut_otherwise_is_none_of_ours(tmp_path: Path) -> None:
    from fractions import Fraction

    from ringside.core.media import Timeline

    run_until_killed(tmp_path, [], 1 << 40, 30)
    assert Found.read(tmp_path, Timeline(Fraction(4))) is None
    assert Found.read(tmp_path / "nowhere", TIMELINE) is None


def test_only_the_newest_journal_stays(tmp_path: Path) -> None:
    run_until_killed(tmp_path, [], 1 << 40, 10)
    assert len(list(tmp_path.glob("journal-*"))) == 1


def test_a_line_that_was_cut_off_in_a_roll_is_written_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.finished("v", b'{"a": 1}\n')
    with (tmp_path / "v" / "roll.jsonl").open("ab") as file:
        file.write(b'{"a": 2')
    Spool(tmp_path).finished("v", b'{"a": 2}\n')
    assert (tmp_path / "v" / "roll.jsonl").read_bytes() == b'{"a": 1}\n{"a": 2}\n'
