"""Marks: put on a chunk, taken off again, and passed over by those who do not know them."""

import itertools

import pytest

from ringside.core.boxes import Mark, Raw, Splitter, parse_chunk, parse_init, read_mark, write_mark
from ringside.core.boxes.box import box, boxes
from ringside.core.boxes.ftyp import LAST, brands, without
from ringside.core.media import Grid
from ringside.flow.mux.fragment import Sample, mark_last, write_chunk
from ringside.flow.mux.header import audio_track

GRID = Grid.audio()
TRACK = audio_track("a", b"\x11\x90", GRID, 2, 128_000, 160_000)
CHUNK = write_chunk(GRID, 84_000_000_000, [Sample(True, bytes(n)) for n in (30, 40)], True)
MARKS = [Mark(n) for n in range(16)]


@pytest.mark.parametrize("mark", MARKS)
def test_what_was_marked_is_read_and_the_chunk_is_as_it_was(mark: Mark) -> None:
    assert read_mark(write_mark(CHUNK, mark)) == (CHUNK, mark)


def test_a_chunk_without_fault_is_sent_as_plain_cmaf() -> None:
    assert write_mark(CHUNK, Mark.NONE) is CHUNK


def test_a_marked_chunk_still_opens_its_segment_and_says_the_same_to_who_does_not_know_marks() -> None:
    marked = write_mark(CHUNK, Mark.BLACK)
    assert [found.type for found in boxes(marked)][:2] == ["styp", "uuid"]
    header = parse_init(TRACK.init)
    assert parse_chunk(marked, header) == parse_chunk(CHUNK, header)
    assert [unit.data for unit in Splitter().feed(TRACK.init + marked) if isinstance(unit, Raw)] == [marked]


def test_boxes_of_others_are_left_where_they_are() -> None:
    foreign = box("uuid", bytes(16), b"\5")
    chunk = foreign + CHUNK
    assert read_mark(chunk) == (chunk, Mark.NONE)
    assert read_mark(write_mark(chunk, Mark.FROZEN)) == (chunk, Mark.FROZEN)


def test_marks_are_named_as_the_studio_names_what_it_sees() -> None:
    assert Mark.of(["black", "", "silent", "of a later version"]) == Mark.BLACK | Mark.SILENT
    assert (Mark.SLATE | Mark.FROZEN).words == ("slate", "frozen")
    assert all(Mark.of(mark.words) == mark for mark in MARKS)
    assert all(a & b == 0 for a, b in itertools.combinations(Mark, 2))


def test_a_brand_can_be_taken_back_and_nothing_else_changes() -> None:
    last = mark_last(CHUNK)
    assert LAST in brands(next(boxes(last)))
    assert without(last, LAST) == CHUNK
    assert without(CHUNK, LAST) is CHUNK
