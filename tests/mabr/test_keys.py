"""The keys of a session: what the sender signs its gateways can tell from anything else, and a key file reads back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.mabr import BadDescription, Keys, Verifier, from_text, new_keys, to_text

KEYS = Keys(bytes(range(32)), bytes(range(32, 64)))


def test_a_signature_is_good_for_what_was_signed_only() -> None:
    verifier = Verifier(KEYS.public)
    signature = KEYS.sign(b"turn 7")
    assert verifier.good(b"turn 7", signature)
    assert not verifier.good(b"turn 8", signature)
    assert not verifier.good(b"turn 7", signature[:-1])
    assert not verifier.good(b"turn 7", b"")
    assert not Verifier(Keys(KEYS.group, bytes(32)).public).good(b"turn 7", signature)


def test_fresh_keys_are_made_of_the_chance_that_is_handed_in() -> None:
    dice = iter((b"g" * 32, b"p" * 32))
    assert new_keys(lambda _: next(dice)) == Keys(b"g" * 32, b"p" * 32)


def test_keys_are_not_shown_by_accident() -> None:
    assert repr(KEYS) == "Keys()"


def test_a_public_half_that_is_no_key_is_refused_in_a_sentence() -> None:
    with pytest.raises(BadDescription, match="the signingKey of Authentication is no ed25519 key"):
        Verifier(b"short")


def test_a_key_file_reads_back() -> None:
    assert from_text(to_text(KEYS)) == KEYS


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 4000, b'{"form": 1}', b"x" * 5000])
def test_a_file_that_holds_no_keys_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(BadDescription, match="the key file"):
        from_text(data)


@given(
    st.sampled_from(["group", "private"]), st.none() | st.integers() | st.text(max_size=60) | st.lists(st.integers())
)
@settings(max_examples=60, deadline=None)
def test_a_key_that_is_no_key_is_refused_in_a_sentence(which: str, value: object) -> None:
    values = json.loads(to_text(KEYS))
    with pytest.raises(BadDescription, match="not 32 bytes"):
        from_text(json.dumps({**values, which: value}).encode())
