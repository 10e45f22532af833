"""What waits for an origin, and what gives way."""

from hypothesis import given
from hypothesis import strategies as st

from ringside.core.boxes import ftyp
from ringside.core.media import Chunk
from ringside.flow.mux.backlog import Backlog, opens_segment

PARTS = 10


def chunk(n: int, size: int = 100) -> Chunk:
    number, part = divmod(n, PARTS)
    styp = ftyp.write("styp", ftyp.CHUNK if part else ftyp.SEGMENT)
    return Chunk("v", number, part, n, 1, part == 0, part == PARTS - 1, styp.ljust(size, b"."))


def held(backlog: Backlog) -> list[int]:
    found = []
    while waiting := backlog.pop():
        found.append(waiting.chunk.start_ticks)
    return found


def test_first_in_first_out() -> None:
    backlog = Backlog()
    for n in range(12):
        assert backlog.put(b"init", chunk(n)) == 0
    assert (len(backlog), backlog.bytes) == (12, 1200)
    assert held(backlog) == list(range(12))
    assert backlog.bytes == 0


def test_the_oldest_segment_gives_way_whole() -> None:
    backlog = Backlog(max_segments=2)
    dropped = [backlog.put(b"init", chunk(n)) for n in range(25)]
    assert dropped == [0] * 20 + [10] + [0] * 4
    assert held(backlog) == list(range(10, 25))


def test_what_is_left_of_a_segment_half_sent_gives_way_too() -> None:
    backlog = Backlog(max_segments=2)
    for n in range(20):
        backlog.put(b"init", chunk(n))
    for n in range(4):
        waiting = backlog.pop()
        assert waiting is not None
        assert waiting.chunk.start_ticks == n
    assert backlog.put(b"init", chunk(20)) == 6
    assert held(backlog)[0] == 10


def test_a_segment_too_large_to_hold_is_left_out_to_its_end() -> None:
    backlog = Backlog(max_bytes=1000)
    for n in range(8):
        backlog.put(b"init", chunk(n, size=300))
    assert held(backlog) == []
    assert backlog.dropped == 8
    backlog.put(b"init", chunk(9))
    backlog.put(b"init", chunk(10))
    assert held(backlog) == [10]


def test_a_receiver_that_starts_anew_is_given_a_segments_start() -> None:
    backlog = Backlog()
    for n in range(5, 22):
        backlog.put(b"init", chunk(n))
    assert backlog.restart() == 5
    assert held(backlog)[0] == 10


def test_nothing_waits_for_a_receiver_that_starts_anew_until_a_segment_does() -> None:
    backlog = Backlog()
    backlog.put(b"init", chunk(3))
    assert backlog.restart() == 1
    for n in range(4, 12):
        backlog.put(b"init", chunk(n))
    assert held(backlog) == [10, 11]
    assert backlog.dropped == 7


@given(st.lists(st.sampled_from(["put", "pop", "restart"]), max_size=200), st.integers(100, 5000), st.integers(1, 4))
def test_it_stays_within_bounds_and_never_hands_out_half_a_segment(
    actions: list[str], max_bytes: int, max_segments: int
) -> None:
    backlog, n, out, fresh = Backlog(max_bytes, max_segments), 0, 0, True
    previous = -1
    for action in actions:
        if action == "put":
            backlog.put(b"init", chunk(n))
            n += 1
        elif action == "restart":
            backlog.restart()
            fresh = True
        elif waiting := backlog.pop():
            at = waiting.chunk.start_ticks
            if fresh or at != previous + 1:
                assert opens_segment(waiting.chunk)
            previous, fresh, out = at, False, out + 1
        assert backlog.bytes <= max_bytes
    assert n + backlog.again == out + backlog.dropped + len(backlog)


def test_after_a_break_what_was_sent_of_the_last_two_segments_is_sent_again() -> None:
    backlog = Backlog()
    for n in range(25):
        backlog.put(b"init", chunk(n))
        backlog.pop()
    assert backlog.restart() == 0
    assert held(backlog) == list(range(10, 25))
    assert backlog.again == 15


def test_what_is_remembered_to_be_sent_again_is_bounded() -> None:
    backlog = Backlog(again_bytes=1500)
    for n in range(16):
        backlog.put(b"init", chunk(n))
        backlog.pop()
    backlog.restart()
    assert held(backlog) == []  # half a segment is of no use: it goes on with the next one
    for n in range(16, 22):
        backlog.put(b"init", chunk(n))
    assert held(backlog) == [20, 21]
