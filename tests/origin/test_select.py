"""Two studios, one stream: who is on the air, and what viewers see when that changes. Real pictures, simulated time."""

import itertools

import pytest
from origin_kit import S
from studio_night import BEGIN_NS, TRACK, Night, end_ns

from ringside.core.boxes import Mark


def whose(night: Night) -> list[tuple[int, int]]:
    """(studio, how many pictures in a row) as viewers see them; every frame once, in order."""
    seen = night.seen()
    assert [index for _, index in seen] == list(range(len(seen))), "a frame is missing, or comes twice"
    return [(studio, len(list(run))) for studio, run in itertools.groupby(seen, key=lambda each: each[0])]


def test_with_two_studios_the_first_in_order_is_taken_whichever_comes_first() -> None:
    night = Night()
    night.send("london", 0, which=0, delay=lambda chunk: 40_000_000)
    night.send("paris", 1, which=1)
    assert whose(night.play(6)) == [(1, 60), (0, 114)]  # it takes over at a segment's start, after a whole good segment


def test_among_equals_the_name_decides() -> None:
    night = Night()
    night.send("b", 0, which=1)
    night.send("a", 0, which=0)
    assert whose(night.play(6))[-1][0] == 0


@pytest.mark.parametrize("killed_s", [2.2, 2.5, 3.0, 3.1, 3.8, 4.0])
def test_a_studio_that_is_killed_is_replaced_in_mid_gop_and_no_frame_is_missing(killed_s: float) -> None:
    night = Night()
    night.send("london", 0, which=0, until_s=killed_s)
    night.send("paris", 1, which=1, late_frames=4)
    runs = whose(night.play(6))
    assert [studio for studio, _ in runs] == [0, 1]
    assert runs[0][1] == round(killed_s * 30) // 6 * 6
    assert night.gaps == 0
    assert night.choice.why == "from london to paris: london is gone"


def test_a_switch_is_made_at_once_when_a_request_ends_and_the_next_part_is_not_late() -> None:
    night = Night()
    night.send("london", 0, which=0, until_s=3.0)
    night.send("paris", 1, which=1)
    night.play(5)
    first = next(chunk for chunk in night.senders[1].made.chunks if chunk.start_ticks * S // 30_000 >= BEGIN_NS + 3 * S)
    assert night.told_ns[f"/live/main/{TRACK}/{first.number}.{first.part}.m4s"] <= end_ns(first) + 31_000_000


def test_a_studio_that_freezes_is_left_within_half_a_second_and_comes_back_when_it_is_steady() -> None:
    frozen_ns, thawed_ns = BEGIN_NS + int(2.3 * S), BEGIN_NS + int(3.7 * S)

    def freezes(chunk) -> int:  # type: ignore[no-untyped-def]
        at = end_ns(chunk) + 30_000_000
        return thawed_ns - at if frozen_ns < at < thawed_ns else 0

    night = Night()
    night.send("london", 0, which=0, delay=freezes)
    night.send("paris", 1, which=1)
    assert whose(night.play(7.9)) == [(0, 66), (1, 114), (0, 54)]
    first_after = f"/live/main/{TRACK}/{BEGIN_NS // (2 * S) + 1}.1.m4s"
    assert night.told_ns[first_after] - frozen_ns <= S // 2
    assert night.gaps == 0
    marks = night.choice.candidates["london"].marks
    assert marks["late"] >= 6


def test_a_studio_with_a_hole_is_bridged_over_by_the_other() -> None:
    night = Night()
    sender = night.send("london", 0, which=0)
    skipped = sender.made.chunks[12:14]
    sender.delay = lambda chunk: 10**15 if chunk in skipped else 0
    night.send("paris", 1, which=1)
    assert whose(night.play(5.9)) == [(0, 72), (1, 102)]
    assert night.choice.candidates["london"].marks["short"] == 1


@pytest.mark.parametrize("mark", [Mark.SLATE, Mark.BLACK, Mark.FROZEN])
def test_what_a_studio_says_is_black_is_not_shown_while_another_has_a_picture(mark: Mark) -> None:
    black = (BEGIN_NS + int(2.6 * S), BEGIN_NS + int(4.1 * S))
    night = Night()
    night.send("london", 0, which=0, mark=lambda c: mark if black[0] < end_ns(c) <= black[1] else Mark.NONE)
    night.send("paris", 1, which=1)
    night.play(5)
    assert night.choice.why == f"from london to paris: london shows {mark.words[0]}"
    night = Night()
    night.send("london", 0, which=0, mark=lambda c: mark if black[0] < end_ns(c) <= black[1] else Mark.NONE)
    night.send("paris", 1, which=1)
    assert whose(night.play(7.9)) == [(0, 78), (1, 102), (0, 54)]  # back with the first segment after a whole good one
    assert night.choice.why == "from paris to london: london is steady"


def test_when_all_of_them_show_the_slate_the_first_goes_on() -> None:
    night = Night()
    night.send("london", 0, which=0, mark=lambda chunk: Mark.SLATE)
    night.send("paris", 1, which=1, mark=lambda chunk: Mark.SLATE)
    assert whose(night.play(6)) == [(0, 174)]


def test_marks_never_reach_viewers() -> None:
    night = Night()
    night.send("london", 0, which=0, mark=lambda chunk: Mark.SLATE | Mark.SILENT)
    night.play(4)
    assert b"uuid" not in night.media()
    assert night.choice.candidates["london"].marks.keys() == {"slate", "silent"}


def test_the_event_ends_with_the_last_studio() -> None:
    night = Night()
    night.send("london", 0, which=0, until_s=3.0, said_last=True)
    night.send("paris", 1, which=1, until_s=5.0, said_last=True)
    night.play(4)
    assert not night.publisher.ended
    assert b"lmsg" not in night.media()
    assert night.choice.candidates["london"].state(False, night.now_ns) == "ended"
    night = Night()
    night.send("london", 0, which=0, until_s=3.0, said_last=True)
    night.send("paris", 1, which=1, until_s=5.0, said_last=True)
    night.play(6)
    assert night.publisher.ended
    assert whose(night) == [(0, 90), (1, 60)]


def test_when_both_are_gone_gap_stands_for_each_part_when_it_would_have_come() -> None:
    night = Night()
    night.send("london", 0, which=0, until_s=3.0)
    night.send("paris", 1, which=1, until_s=3.0)
    night.play(3.5)
    segment = night.renderer.views[TRACK][-1].segments[-1]
    assert [part.gap for part in segment.parts] == [False] * 5 + [True] * 2


def test_one_studio_alone_is_as_it_was() -> None:
    night = Night()
    night.send("", 0, which=0)
    assert whose(night.play(6)) == [(0, 174)]
    assert night.board.switches == 0


def test_a_studio_alone_that_hiccups_costs_the_parts_that_were_given_up_and_not_the_segment() -> None:
    def hiccup(chunk) -> int:  # type: ignore[no-untyped-def]
        at, until = end_ns(chunk) + 30_000_000, BEGIN_NS + int(4.05 * S)
        return until - at if BEGIN_NS + int(2.3 * S) < at < until else 0

    night = Night()
    night.send("london", 0, which=0, delay=hiccup)
    night.play(6)
    seen = [index for _, index in night.seen()]
    missing = set(range(seen[-1])) - set(seen)
    assert 0 < night.gaps <= 9
    assert missing
    assert len(missing) == night.gaps * 6
    assert max(missing) < 4 * 30


def test_gap_ends_with_a_part_so_that_whoever_comes_begins_with_one() -> None:
    night = Night()
    night.send("london", 0, which=0, until_s=3.0)
    night.send("paris", 1, which=1, late_frames=108)  # its first key frame is at 3.6 s, a part's start
    night.play(5.9)
    assert [index for _, index in night.seen()] == [*range(90), *range(108, 174)]
    parts = [part for segment in night.renderer.views[TRACK][-1].segments for part in segment.parts]
    assert {part.duration_ticks for part in parts} == {6000}
    assert sum(part.gap for part in parts) == night.gaps == 3


def test_a_segment_whose_start_is_missing_stays_gap() -> None:
    night = Night()
    night.send("london", 0, which=0, until_s=3.0)
    night.send("paris", 1, which=1, late_frames=150)
    night.play(7.9)
    assert [index for _, index in night.seen()] == [*range(90), *range(180, 234)]
    gaps = [segment.gap for segment in night.renderer.views[TRACK][-1].segments]
    assert gaps[:4] == [False, False, True, False]


def test_a_studio_alone_that_freezes_is_gap_after_half_a_second_and_goes_on_where_it_thaws() -> None:
    frozen_ns, thawed_ns = BEGIN_NS + int(2.3 * S), BEGIN_NS + int(5.3 * S)

    def freezes(chunk) -> int:  # type: ignore[no-untyped-def]
        at = end_ns(chunk) + 30_000_000
        return thawed_ns - at if frozen_ns < at < thawed_ns else 0

    night = Night()
    night.send("london", 0, which=0, delay=freezes)
    night.play(3.3)
    segment = night.renderer.views[TRACK][-1].segments[-1]
    assert [part.gap for part in segment.parts] in ([False] + [True] * n for n in (4, 5))  # overdue since 2.5 s
    night = Night()
    night.send("london", 0, which=0, delay=freezes)
    night.play(7.9)
    assert night.seen()[-1][1] == 233
    assert [index for _, index in night.seen()][:66] == list(range(66))
