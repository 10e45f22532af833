"""The JSON object that a status or an order of a target is: taken in within limits, and read."""

import pytest

from ringside.flow.origin.letter import MOST_BYTES, Letter
from ringside.flow.origin.refused import Refused


def order(*pieces: bytes) -> Letter:
    letter = Letter("target")
    for piece in pieces:
        letter.add(piece)
    return letter


def test_a_letter_is_read_whole_however_it_came() -> None:
    assert order(b'{"targ', b'et_s"', b": 2.5}").target_ms() == 2500
    assert order(b'{"a": [1]}').values() == {"a": [1]}


@pytest.mark.parametrize("body", [b"", b"3", b"[]", b"{", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="a target is a JSON object") as refused:
        order(body).values()
    assert refused.value.status == 400


@pytest.mark.parametrize("target", [b"null", b"true", b"61", b"0", b"NaN", b"1e999", b'"3"', b"[3]"])
def test_a_target_that_is_none_is_refused_with_a_sentence(target: bytes) -> None:
    with pytest.raises(Refused, match="the target is ") as refused:
        order(b'{"target_s": ' + target + b"}").target_ms()
    assert refused.value.status == 400


def test_a_letter_that_is_too_long_is_refused_as_soon_as_it_is() -> None:
    letter = order(b" " * MOST_BYTES)
    with pytest.raises(Refused, match="a target has at most") as refused:
        letter.add(b" ")
    assert refused.value.status == 413
