"""AMF0: whatever is written is read back; whatever is not AMF is refused, cheaply."""

import math
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.rtmp import amf
from ringside.core.rtmp.errors import Malformed

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=20
)


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES, max_size=4))
def test_whatever_is_written_is_read_back(values: list[amf.Value]) -> None:
    assert amf.decode(amf.encode(*values)) == values


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_amf_are_malformed_and_nothing_else(data: bytes) -> None:
    try:
        amf.decode(data)
    except Malformed:
        pass


def test_a_value_cut_off_anywhere_is_malformed() -> None:
    whole = amf.encode({"app": "live", "list": [1.0, True], "long": "x" * 70000})
    cuts = [n for n in range(1, len(whole)) if n < 100 or n > len(whole) - 10]
    for n in cuts:
        with pytest.raises(Malformed):
            amf.decode(whole[:n])


def nested(depth: int) -> bytes:
    return b"\x0a\0\0\0\1" * (depth - 1) + b"\x05"


def test_sixteen_levels_are_read_and_seventeen_refused() -> None:
    amf.decode(nested(amf.MAX_DEPTH))
    with pytest.raises(Malformed, match="16 deep"):
        amf.decode(nested(amf.MAX_DEPTH + 1))


@pytest.mark.parametrize("opening", [b"\x0a\0\0\0\1", b"\x03\0\1a", b"\x08\0\0\0\1\0\1a", b"\x10\0\1T\0\1a"])
def test_seventy_thousand_levels_are_refused_whatever_they_are_made_of(opening: bytes) -> None:
    with pytest.raises(Malformed, match="deep"):
        amf.decode(opening * 70_000)


def test_four_billion_announced_values_cost_nothing() -> None:
    tracemalloc.start()
    with pytest.raises(Malformed, match="announces 4294967295 values"):
        amf.decode(b"\x0a\xff\xff\xff\xff" + bytes(1000))
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_more_than_a_thousand_values_are_refused() -> None:
    amf.decode(b"\x05" * amf.MAX_VALUES)
    with pytest.raises(Malformed, match="more than 1024 values"):
        amf.decode(b"\x05" * (amf.MAX_VALUES + 1))
    with pytest.raises(Malformed, match="more than 1024 values"):
        amf.decode(b"\x0a\0\0\x08\0" + b"\x05" * 2048)


def test_an_ecma_array_ends_at_its_marker_whatever_count_it_announces() -> None:
    fields = b"\0\1a\x05\0\0\x09"
    for count in (0, 1, 99):
        assert amf.decode(b"\x08" + count.to_bytes(4) + fields) == [{"a": None}]


def test_types_that_only_decode_become_plain_values() -> None:
    assert amf.decode(b"\x0b" + struct.pack(">dh", 1.5, 0)) == [1.5]
    assert amf.decode(b"\x06\x0d") == [None, None]
    assert amf.decode(b"\x0f\0\0\0\3<a>") == ["<a>"]
    assert amf.decode(b"\x10\0\1T\0\1k\1\1\0\0\x09") == [{"k": True}]
    (nan,) = amf.decode(amf.encode(math.nan))
    assert isinstance(nan, float)
    assert math.isnan(nan)


def test_text_that_is_not_utf8_is_kept_legible_not_refused() -> None:
    assert amf.decode(b"\x02\0\2\xffa") == ["\ufffda"]


@pytest.mark.parametrize("marker", [0x04, 0x07, 0x09, 0x0E, 0x11, 0xFF])
def test_types_that_no_publisher_needs_are_refused_by_number(marker: int) -> None:
    with pytest.raises(Malformed, match=f"{marker:#04x}"):
        amf.decode(bytes([marker]) + bytes(8))
