"""Letters over NATS: whatever is written is read, and whatever is no letter does no harm."""

import json
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.prove.crowd.machines.letters import LARGEST, Inbox, inflate, pack

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), plain, max_size=5), st.integers(5, 200))
def test_a_letter_in_any_number_of_pieces_is_read_as_written(letter: dict[str, object], piece: int) -> None:
    inbox = Inbox()
    read = [inbox.take(message) for message in pack(letter, piece)]
    assert read[-1] == letter
    assert read[:-1] == [None] * (len(read) - 1)


def test_a_letter_whose_beginning_was_missed_is_left_out_and_the_next_one_is_read() -> None:
    long = {"noise": Random(1).randbytes(3000).hex()}
    first, second = pack(long, 500), pack({"n": 2}, 500)
    inbox = Inbox()
    assert [inbox.take(message) for message in first[1:]] == [None] * (len(first) - 1)
    assert inbox.take(second[0]) == {"n": 2}


def test_a_letter_broken_off_gives_way_to_the_next() -> None:
    long = pack({"noise": Random(1).randbytes(3000).hex()}, 500)
    inbox = Inbox()
    for message in long[:2]:
        inbox.take(message)
    assert inbox.take(pack({"n": 2})[0]) == {"n": 2}


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"hello",
        b"0/1",
        b"0/1 ",
        b"0/1 not deflated",
        b"x/1 a",
        b"0/1 " + zlib.compress(b"[1, 2]"),
        b"0/1 " + zlib.compress(b"{"),
    ],
)
def test_what_is_no_letter_is_a_value_error(message: bytes) -> None:
    with pytest.raises(ValueError):
        Inbox().take(message)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_inbox(message: bytes) -> None:
    inbox = Inbox()
    try:
        inbox.take(message)
    except ValueError:
        pass
    assert inbox.take(pack({"still": "well"})[0]) == {"still": "well"}


def test_a_bomb_is_not_inflated() -> None:
    bomb = zlib.compress(b'{"a": "' + b" " * (LARGEST + 1000) + b'"}', 9)
    assert len(bomb) < 200_000
    with pytest.raises(ValueError, match="limit"):
        inflate(bomb)


def test_an_endless_letter_is_given_up() -> None:
    inbox = Inbox()
    piece = bytes(8 * 1024 * 1024)
    taken = [inbox.take(f"{k}/99999 ".encode() + piece) for k in range(8)]
    assert taken == [None] * 8
    with pytest.raises(ValueError, match="limit"):
        inbox.take(b"8/99999 " + piece)


def test_a_snapshot_of_an_ordinary_crowd_is_one_small_piece() -> None:
    from crowd_night import Night, plan_of

    tally = Night(plan_of(300, 60)).total.tally.to_json()
    pieces = pack({"snapshot": {"tally": tally}})
    assert len(pieces) == 1
    assert len(pieces[0]) < len(json.dumps(tally)) / 3
