"""The past made again: from any checkpoint on, with any troubles, records lead to the windows that there were."""

from typing import Any

import pytest
from archive_kit import GRIDS, NAMES, TROUBLES, Recorded, Trouble, past_windows, play, windows
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.origin.origin_kit import EVEN, TIMELINE, Edge, Lister, chunks, end_ns

from ringside.flow.origin import Config, Publisher
from ringside.flow.origin.archive import records
from ringside.flow.origin.archive.past import Past
from ringside.flow.origin.archive.records import Added, Record
from ringside.flow.origin.archive.resume import resume
from ringside.flow.origin.archive.scribe import Turn, checkpoint_of


class Tape:
    """Everything written, by turn, with the windows after each, and the media of every segment."""

    def __init__(self) -> None:
        self.turns: list[tuple[list[Record], dict[str, Any], bytes]] = []
        self.media: dict[tuple[str, int], bytes] = {}

    def __call__(self, event: Recorded, turn: Turn) -> None:
        for piece in turn.media:
            had = self.media.get(piece[:2], b"")
            assert piece.offset == len(had), "media is written where it was not appended"
            self.media[piece[:2]] = had + piece.data
        checkpoint = records.write(checkpoint_of(event.publisher))
        self.turns.append((list(turn.records), windows(event.publisher), checkpoint))

    def past(self, since: int, until: int) -> Past:
        """Of the turns after `since`, up to `until`, read from what was written."""
        written = b"".join(records.write(r) for turn in self.turns[since + 1 : until + 1] for r in turn[0])
        past = Past(TIMELINE)
        for record in records.read(self.turns[since][2] + written):
            past.apply(record)
        return past


@settings(max_examples=20, deadline=None)
@given(TROUBLES, st.data())
def test_windows_are_the_same_from_any_checkpoint_to_any_turn(troubles: list[Trouble], data: st.DataObject) -> None:
    tape = Tape()
    play(Recorded(tape, dvr_s=12), troubles)
    since = data.draw(st.integers(0, len(tape.turns) - 1))
    until = data.draw(st.integers(since, len(tape.turns) - 1))
    assert past_windows(tape.past(since, until)) == tape.turns[until][1]


@settings(max_examples=12, deadline=None)
@given(TROUBLES, st.data())
def test_an_edge_that_knows_nothing_is_told_all_that_was_published(
    troubles: list[Trouble], data: st.DataObject
) -> None:
    tape = Tape()
    whole = play(Recorded(tape, dvr_s=12), troubles)
    until = data.draw(st.integers(0, len(tape.turns) - 1))
    past = tape.past(0, until)
    publisher = Publisher(Config(dvr_s=12), "main", TIMELINE, Lister())

    def media(name: str, number: int) -> bytes:
        standing = past.lanes[name].window.standing()
        growing = standing.growing
        size = next((s.size for s in standing.segments if s.number == number), growing.size if growing else 0)
        return tape.media[name, number][:size]

    edge = Edge().take(publisher.begin()).take(resume(publisher, past, media, whole.now_ns))
    for path in edge.paths:
        assert whole.edge.ever >= {path}
        if path in whole.edge.paths:
            assert whole.edge.read(path).startswith(edge.read(path))
    for name, lane in publisher.lanes.items():
        for segment in lane.window.segments:
            there = f"/live/main/{name}/{segment.number}.m4s" in edge.paths
            assert there == (not segment.gap)
    assert publisher.on_air == (past.fixed is not None)
    assert {n: lane.gaps for n, lane in publisher.lanes.items()} == {n: lane.gaps for n, lane in past.lanes.items()}


def test_a_resumed_publisher_goes_on_as_if_nothing_had_been() -> None:
    tape = Tape()
    first = play(Recorded(tape), [], parts=27, ends=False)
    past = tape.past(0, len(tape.turns) - 1)
    second = Recorded(Tape())
    second.edge.take(resume(second.publisher, past, lambda name, n: tape.media[name, n], first.now_ns))
    second.now_ns, second.sessions = first.now_ns, dict(first.sessions)
    rest = [c for name in NAMES for c in chunks(name, GRIDS[name], (EVEN + 2, 7), 13)]
    for chunk in sorted(rest, key=lambda c: end_ns(c, GRIDS[c.track])):
        second.wait_until(end_ns(chunk, GRIDS[chunk.track]))
        second.add(chunk)
    assert second.publisher.metrics.total("chunks_dropped_total") == 0
    assert {lane.gaps for lane in second.publisher.lanes.values()} == {0}
    whole = second.edge.read(f"/live/main/v720/{EVEN + 2}.m4s")
    assert whole.count(b"v720/") == 10, "the segment that was growing has all of its chunks"
    newest = second.edge.newest("v720")
    assert (newest.number, newest.target_s) == (EVEN + 3, first.edge.newest("v720").target_s)
    for path in first.edge.paths:
        assert second.edge.read(path).startswith(first.edge.read(path)), "a name means what it meant"


def test_a_line_that_was_changed_or_cut_is_not_read() -> None:
    line = records.write(Added("v", 1, 2, 3, 4, True, False, 5, 6, 7))
    assert list(records.read(line + line)) == [records.read_line(line[:-1])] * 2
    for cut in range(len(line)):
        assert list(records.read(line + line[:cut])) == [records.read_line(line[:-1])]
    with pytest.raises(records.Torn):
        records.read_line(line[:-1].replace(b"true", b"null"))


def test_records_that_follow_on_nothing_are_refused() -> None:
    past = Past(TIMELINE)
    for record in (Added("v", 1, 0, 0, 1, True, False, 1, 1, 1), records.Left("v"), records.Filled("v", 5, False)):
        with pytest.raises(ValueError, match="track v was never opened"):
            past.apply(record)
