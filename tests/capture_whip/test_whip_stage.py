"""The stage: one publisher at a time, and the place of whoever fell silent is free."""

import pytest

from ringside.flow.capture.whip.errors import Refused
from ringside.flow.capture.whip.stage import (
    CONNECT_NS,
    GONE_NS,
    MOST_GUESTS,
    SILENT_NS,
    Began,
    Dismissed,
    Ended,
    Silent,
    Stage,
)

MS = 1_000_000


def publishing(takeover: bool = False) -> Stage:
    """A stage on which `a` was heard at the first instant."""
    stage = Stage(takeover)
    stage.admit(0)
    assert stage.enter("a", 0) == []
    assert stage.heard("a", 0) == [Began("a")]
    return stage


def test_a_second_publisher_is_refused_while_the_first_is_heard() -> None:
    stage = publishing()
    with pytest.raises(Refused) as refused:
        stage.admit(SILENT_NS - 1)
    assert refused.value.status == 409


def test_who_lost_his_line_takes_his_place_again_with_his_first_packet() -> None:
    stage = publishing()
    stage.admit(SILENT_NS)
    stage.enter("b", SILENT_NS)
    assert stage.publisher == "a"
    ended, gone, began = stage.heard("b", SILENT_NS + MS)
    assert (ended, began) == (Ended("a", "another publisher took over"), Began("b"))
    assert gone == Dismissed("a", "another publisher took over")
    assert stage.heard("a", SILENT_NS + 2 * MS) == []
    assert stage.publisher == "b"


def test_a_place_that_is_taken_up_again_before_the_newcomer_speaks_stays_taken() -> None:
    stage = publishing()
    stage.enter("b", SILENT_NS)
    assert stage.heard("a", SILENT_NS + MS) == []
    assert stage.heard("b", SILENT_NS + 2 * MS) == [Dismissed("b", "another publisher is on the air")]
    assert stage.publisher == "a"


def test_with_takeover_the_newcomer_replaces_who_is_heard_but_only_once_he_speaks() -> None:
    stage = publishing(takeover=True)
    stage.admit(MS)
    stage.enter("b", MS)
    assert stage.heard("a", 2 * MS) == []
    assert [type(action) for action in stage.heard("b", 3 * MS)] == [Ended, Dismissed, Began]


def test_silence_is_said_once_and_ended_by_the_next_packet() -> None:
    stage = publishing()
    assert stage.tick(SILENT_NS - 1) == []
    assert stage.tick(SILENT_NS) == [Silent("a")]
    assert stage.tick(SILENT_NS + MS) == []
    assert stage.is_silent
    stage.heard("a", SILENT_NS + 2 * MS)
    assert not stage.is_silent
    assert stage.tick(2 * SILENT_NS + 2 * MS) == [Silent("a")]


def test_who_stays_silent_is_dismissed_in_the_end() -> None:
    stage = publishing()
    stage.tick(SILENT_NS)
    reason = "nothing has come from it for 30 s"
    assert stage.tick(GONE_NS) == [Ended("a", reason), Dismissed("a", reason)]
    assert stage.publisher is None


def test_who_never_gets_through_is_dismissed_and_disturbs_nobody() -> None:
    stage = publishing(takeover=True)
    stage.enter("b", 0)
    stage.heard("a", CONNECT_NS)
    assert stage.tick(CONNECT_NS) == [Dismissed("b", "nothing came from it within 10 s")]
    assert stage.publisher == "a"


def test_of_too_many_who_wait_the_oldest_goes_and_never_the_publisher() -> None:
    stage = publishing(takeover=True)
    for n in range(MOST_GUESTS - 1):
        assert stage.enter(f"w{n}", n) == []
    assert stage.enter("last", 99) == [Dismissed("w0", "it was not heard of while others came")]
    assert stage.publisher == "a"


def test_leaving_twice_says_nothing_twice() -> None:
    stage = publishing()
    assert len(stage.leave("a", "goodbye")) == 2
    assert stage.leave("a", "closed") == []
    stage.admit(MS)
