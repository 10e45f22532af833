"""The feed's wire form: whatever is written reads back, in any pieces, and garbage is refused cleanly."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.feed import (
    Anew,
    Appended,
    Beat,
    BrokenFeed,
    Cache,
    Closed,
    Decoder,
    Document,
    Expected,
    Frame,
    Fresh,
    Handover,
    Kept,
    Opened,
    Playlist,
    Pulled,
    Ranged,
    Removed,
    Report,
    Streamed,
    Synced,
    Turn,
    Wanted,
    encode,
)

paths = st.text(st.characters(codec="utf-8"), max_size=80).map(lambda t: "/" + t)
ids = st.integers(0, 2**64 - 1)
numbers = st.integers(-1, 2**62)
parts = st.integers(-1, 2**31 - 1)
texts = st.text(max_size=20)
types = st.sampled_from(["video/mp4", "application/vnd.apple.mpegurl", ""])
caches = st.sampled_from(list(Cache))
bodies = st.binary(max_size=300)
messages = st.one_of(
    st.builds(Opened, paths, ids, types, caches),
    st.builds(Appended, ids, ids, bodies),
    st.builds(Closed, ids),
    st.builds(Ranged, paths, ids, ids, ids, types, caches),
    st.builds(Document, paths, bodies, types, caches),
    st.builds(
        Playlist,
        paths,
        bodies,
        bodies,
        numbers,
        parts,
        st.tuples(numbers, parts),
        st.integers(0, 60),
        st.floats(0, 10),
        st.booleans(),
    ),
    st.builds(Expected, paths, st.integers(0, 255)),
    st.builds(Removed, paths),
    st.builds(Streamed, paths, paths, ids, ids, types),
    st.builds(Synced, numbers),
    st.builds(Report, st.dictionaries(st.text(max_size=8), st.integers())),
    st.builds(Handover, bodies),
    st.builds(Pulled, paths, ids, st.integers(0, 999), types, numbers, texts, texts, texts, numbers, numbers, numbers),
    st.builds(Fresh, paths, numbers, numbers, numbers),
    st.builds(Beat, numbers),
    st.builds(Kept, paths, numbers, numbers, st.lists(texts.filter(lambda t: "/" not in t), max_size=3).map(tuple)),
    st.just(Anew()),
    st.builds(Turn, ids, ids),
    st.builds(Wanted, paths),
)


@given(st.lists(messages, max_size=8), st.integers(1, 50))
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_reads_back_in_any_pieces(sent: list[Frame], piece: int) -> None:
    wire = b"".join(map(encode, sent))
    decoder = Decoder()
    received = [m for at in range(0, len(wire), piece) for m in decoder.feed(wire[at : at + piece])]
    assert received == sent


@given(st.binary(max_size=200), st.lists(messages, max_size=2))
@settings(max_examples=400, deadline=None)
def test_garbage_is_a_broken_feed_or_a_message_that_writes_back(noise: bytes, before: list[Frame]) -> None:
    decoder = Decoder()
    try:
        received = decoder.feed(b"".join(map(encode, before)) + noise)
    except BrokenFeed:
        return
    for message in received:
        assert Decoder().feed(encode(message)) == [message]


@given(messages, st.data())
@settings(max_examples=300, deadline=None)
def test_a_frame_with_a_byte_changed_never_does_worse_than_break_the_feed(message: Frame, data: st.DataObject) -> None:
    wire = bytearray(encode(message))
    wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    try:
        received = Decoder(max_frame=1 << 20).feed(bytes(wire))
    except BrokenFeed:
        return
    for read in received:
        assert Decoder().feed(encode(read)) == [read]


def test_a_frame_said_to_be_huge_is_refused_before_it_is_kept() -> None:
    with pytest.raises(BrokenFeed, match="a frame of 4294967295 bytes"):
        Decoder().feed(struct.pack(">IB", 0xFFFFFFFF, 5))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(BrokenFeed, match="kind 200"):
        Decoder().feed(struct.pack(">IB", 0, 200))


def test_bytes_left_over_in_a_frame_are_refused() -> None:
    body = encode(Closed(7))[5:] + b"x"
    with pytest.raises(BrokenFeed, match="1 bytes too many"):
        Decoder().feed(struct.pack(">IB", len(body), 3) + body)


def test_a_path_longer_than_the_wire_carries_is_the_senders_fault() -> None:
    with pytest.raises(ValueError, match="longer than the 4096"):
        encode(Expected("/" + "x" * 5000))


@pytest.mark.parametrize("hold_s", [-1, 256])
def test_a_hold_longer_than_the_wire_carries_is_the_senders_fault(hold_s: int) -> None:
    with pytest.raises(ValueError, match="range"):
        encode(Expected("/a", hold_s))
