"""The gate: nobody hears of what is not written, and nobody waits for a disk that takes nothing. Simulated time."""

from hypothesis import given
from hypothesis import strategies as st

from ringside.core.feed import Message, Removed
from ringside.flow.origin.archive.gate import PATIENCE_NS, Gate


def word(n: int) -> list[Message]:
    return [Removed(str(n))]


class Told:
    def __init__(self) -> None:
        self.paths: list[int] = []
        self.gate = Gate(lambda messages: self.paths.extend(int(m.path) for m in messages))  # type: ignore[union-attr]


def test_messages_wait_until_what_they_follow_from_is_written() -> None:
    told = Told()
    told.gate.put(word(1), 1, 0)
    told.gate.put(word(2), 2, 0)
    assert told.paths == []
    told.gate.written(1)
    assert told.paths == [1]
    told.gate.written(2)
    assert told.paths == [1, 2]


def test_messages_that_follow_from_nothing_new_go_at_once_but_not_before_others() -> None:
    told = Told()
    told.gate.put(word(1), 0, 0)
    assert told.paths == [1]
    told.gate.put(word(2), 1, 0)
    told.gate.put(word(3), 0, 0)
    assert told.paths == [1]
    told.gate.written(1)
    assert told.paths == [1, 2, 3]


def test_a_disk_that_takes_nothing_is_waited_for_no_longer_than_is_good_and_counted() -> None:
    told = Told()
    told.gate.put(word(1), 1, 0)
    assert told.gate.look(PATIENCE_NS - 1) == PATIENCE_NS
    assert told.paths == []
    assert told.gate.look(PATIENCE_NS) == 0
    told.gate.put(word(2), 2, PATIENCE_NS)
    assert (told.paths, told.gate.behind, told.gate.opened) == ([1, 2], True, 1)
    told.gate.written(1)
    assert told.gate.behind, "ticket 2 has been told and is not written"
    told.gate.written(2)
    told.gate.put(word(3), 3, 2 * PATIENCE_NS)
    assert (told.paths, told.gate.behind) == ([1, 2], False)


@given(st.lists(st.sampled_from(["put", "nothing", "write", "wait"]), max_size=60))
def test_whatever_happens_all_is_told_in_order_and_in_time(steps: list[str]) -> None:
    told, now, ticket, written, n, put_at = Told(), 0, 0, 0, 0, {}
    for step in steps:
        if step in ("put", "nothing"):
            n += 1
            ticket += step == "put"
            put_at[n] = (now, ticket if step == "put" else 0)
            told.gate.put(word(n), ticket if step == "put" else 0, now)
        elif step == "write" and written < ticket:
            written += 1
            told.gate.written(written)
        elif step == "wait":
            now += PATIENCE_NS // 3
        told.gate.look(now)
        assert told.paths == list(range(1, len(told.paths) + 1))
        assert all(now - put_at[k][0] < PATIENCE_NS for k in range(len(told.paths) + 1, n + 1))
        if not told.gate.opened:
            assert all(put_at[k][1] <= written for k in told.paths)
