"""The decisions of a restream: what is kept for a slow far end, when a frame leaves, when it is tried again."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.feed import Appended, BrokenFeed, Cache, Closed, Document, Opened, Removed, Streamed
from ringside.flow.relay.restream.pace import BEHIND_NS, SPAN_NS, Pace
from ringside.flow.relay.restream.queue import Queue
from ringside.flow.relay.restream.standing import AGAIN_S, Standing
from ringside.flow.relay.restream.take import MAX_BLOBS, Take

MS = 1_000_000
FRAME_MS = 40


@dataclass(frozen=True)
class Frame:
    number: int
    opens: bool
    data: bytes = b"x" * 100

    @property
    def decode_ns(self) -> int:
        return self.number * FRAME_MS * MS


def frames(first: int, many: int, group: int = 25) -> list[Frame]:
    return [Frame(n, n % group == 0) for n in range(first, first + many)]


def filled(queue: Queue[Frame], *given: Frame) -> list[int]:
    for frame in given:
        queue.put(frame)
    return emptied(queue)


def emptied(queue: Queue[Frame]) -> list[int]:
    out = []
    while (frame := queue.pop()) is not None:
        out.append(frame.number)
    return out


# the queue


def test_while_nobody_takes_only_the_newest_group_is_kept_and_nothing_counts_as_dropped() -> None:
    queue: Queue[Frame] = Queue()
    assert filled(queue, *frames(0, 60)) == list(range(50, 60))
    assert queue.dropped == 0


def test_nothing_is_put_in_before_the_first_frame_that_opens() -> None:
    queue: Queue[Frame] = Queue()
    assert filled(queue, *frames(10, 20)) == [25, 26, 27, 28, 29]


def test_a_far_end_that_is_too_slow_loses_whole_groups_that_are_counted() -> None:
    queue: Queue[Frame] = Queue(most_ns=2500 * MS)
    queue.taken = True
    assert filled(queue, *frames(0, 64)) == list(range(50, 64))
    assert (queue.dropped, queue.groups) == (50, 1)


def test_a_group_that_is_too_large_is_given_up_up_to_the_next() -> None:
    queue: Queue[Frame] = Queue(most_bytes=1000)
    queue.taken = True
    for frame in frames(0, 24):
        queue.put(frame)
    assert (len(queue), queue.bytes, queue.dropped) == (0, 0, 24)
    assert filled(queue, *frames(24, 5)) == [25, 26, 27, 28]


def test_who_connects_anew_begins_with_a_frame_that_opens() -> None:
    queue: Queue[Frame] = Queue()
    queue.taken = True
    for frame in frames(0, 40):
        queue.put(frame)
    for _ in range(10):
        queue.pop()
    queue.leave()
    assert emptied(queue) == list(range(25, 40))
    queue = Queue()
    queue.taken = True
    for frame in frames(0, 20):
        queue.put(frame)
    queue.pop()
    queue.leave()
    assert filled(queue, *frames(20, 8)) == [25, 26, 27]


@given(
    turns=st.lists(st.sampled_from(["put", "pop", "leave", "take"]), max_size=200),
    group=st.integers(1, 12),
    most=st.integers(1, 30),
)
def test_a_queue_stays_within_its_bounds_and_never_breaks_a_group_apart(
    turns: list[str], group: int, most: int
) -> None:
    queue: Queue[Frame] = Queue(most_bytes=most * 100)
    put, last = 0, None
    for turn in turns:
        if turn == "put":
            queue.put(Frame(put, put % group == 0))
            put += 1
        elif turn == "take":
            queue.taken = True
        elif turn == "leave":
            queue.leave()
            last = None
        elif (frame := queue.pop()) is not None:
            assert frame.opens or frame.number - 1 == last  # the one before it, or none needed
            last = frame.number
        assert queue.bytes == 100 * len(queue) <= most * 100


# the pace


def sent(arrivals: list[tuple[int, int]]) -> list[int]:
    """When each frame leaves, in ms, given (when it came, its number)."""
    pace, now_ns, out = Pace(), 0, []
    for n, (came_ms, number) in enumerate(arrivals):
        now_ns = max(now_ns, came_ms * MS)
        while True:
            here = [other for came, other in arrivals[n:] if came * MS <= now_ns]
            wait_ns = pace.wait_ns(number * FRAME_MS * MS, max(here) * FRAME_MS * MS, now_ns)
            if not wait_ns:
                break
            now_ns += wait_ns
        out.append(now_ns // MS)
    return out


def test_parts_leave_as_single_frames_an_even_time_apart() -> None:
    arrivals = [((n // 5 + 1) * 200, n) for n in range(50)]  # parts of five frames, each when it is over
    times = sent(arrivals)
    assert {b - a for a, b in pairwise(times)} == {FRAME_MS}
    assert max(at - came for at, (came, _) in zip(times, arrivals, strict=True)) <= SPAN_NS // MS


def test_what_waited_before_the_connection_was_made_leaves_at_once_but_for_the_newest_part() -> None:
    times = sent([(2000, n) for n in range(50)])
    assert times[:30] == [2000] * 30
    assert times[-1] == 2000 + SPAN_NS // MS


def test_a_jump_of_the_media_time_holds_nothing_back_for_long() -> None:
    pace = Pace()
    pace.wait_ns(0, 0, 0)
    for number in (100_000, 0):
        ns = number * FRAME_MS * MS
        assert pace.wait_ns(ns, ns, 10 * MS) <= BEHIND_NS


def test_a_late_part_leaves_at_once() -> None:
    pace = Pace()
    pace.wait_ns(0, 160 * MS, 200 * MS)
    assert pace.wait_ns(200 * MS, 360 * MS, 900 * MS) == 0


# standing


def test_intervals_grow_up_to_half_a_minute_and_begin_anew_after_a_connection_that_held() -> None:
    standing = Standing(0)
    waits = [standing.fails("no", 0, 0.999) for _ in range(9)]
    assert waits == sorted(waits)
    assert 29 < waits[-1] <= AGAIN_S[-1]
    standing.lives(0)
    assert standing.fails("gone", 1_000 * MS, 0.999) > 29  # it lived for a second
    standing.lives(2_000 * MS)
    assert standing.fails("gone", 60_000 * MS, 0.999) <= AGAIN_S[0]


def test_a_standing_says_since_when_and_why_and_how_often_it_was_made_again() -> None:
    standing = Standing(5)
    standing.connects(6)
    standing.fails("nobody listens there", 7, 0)
    assert (standing.state, standing.since_ns, standing.why) == ("retrying", 7, "nobody listens there")
    standing.connects(8)
    standing.lives(9)
    assert (standing.state, standing.why, standing.restarts) == ("live", "", 0)
    standing.fails("gone", 10, 0)
    standing.lives(11)
    assert standing.restarts == 1


# the feed


def header(name: str, body: bytes) -> Document:
    return Document(f"/live/main/v720/{name}", body, "video/mp4", Cache.IMMUTABLE)


def streamed(name: str, blob: int) -> Streamed:
    return Streamed("/live/main/v720/stream", f"/live/main/v720/{name}", blob, 0, "video/mp4")


def test_pieces_come_with_the_header_that_holds_for_them() -> None:
    take = Take()
    for message in (header("init-1.mp4", b"one"), Opened("/live/main/v720/7.m4s", 1, "video/mp4")):
        take.exists(message)
    assert take.turn([Appended(1, 3, b"abc")]) == []  # whose header is not known yet
    take.exists(streamed("init-1.mp4", 1))
    assert take.turn([Appended(1, 6, b"def")]) == [("v720", b"one", b"def")]
    begun = [Closed(1), Opened("/live/main/v720/8.m4s", 2, "video/mp4"), header("init-2.mp4", b"two")]
    assert take.turn([*begun, Appended(2, 3, b"ghi"), streamed("init-2.mp4", 2)]) == [("v720", b"two", b"ghi")]
    assert take.turn([Appended(1, 9, b"of a closed one")]) == []


def test_of_all_that_exists_the_last_segments_of_each_track_are_given() -> None:
    take = Take()
    take.anew()
    for number in range(1, 6):
        take.exists(Opened(f"/live/main/v720/{number}.m4s", number, ""))
        for half in (b"a", b"b"):
            take.exists(Appended(number, 0, half + str(number).encode()))
    take.exists(header("init-1.mp4", b"one"))
    take.exists(streamed("init-1.mp4", 5))
    assert [piece.data for piece in take.synced()] == [b"a3b3", b"a4b4", b"a5b5"]
    assert take.turn([Appended(5, 6, b"c5")]) == [("v720", b"one", b"c5")]
    assert take.synced() == []  # as after a feed that went on where it was


def test_a_track_that_is_taken_away_gives_nothing_more() -> None:
    take = Take()
    take.turn([header("init-1.mp4", b"one"), Opened("/live/main/v720/7.m4s", 1, ""), streamed("init-1.mp4", 1)])
    take.turn([Removed("/live/main/v720/stream")])
    assert take.turn([Appended(1, 3, b"abc")]) == []


def test_what_no_event_has_so_many_of_is_a_broken_feed() -> None:
    take = Take()
    for blob in range(MAX_BLOBS):
        take.exists(Opened(f"/live/main/v720/{blob}.m4s", blob, ""))
    with pytest.raises(BrokenFeed):
        take.exists(Opened("/live/main/v720/one-more.m4s", MAX_BLOBS, ""))
