"""What is sent over HTTP leads to the same state as what workers of the machine are told, whatever happened."""

import os

from edge_house import MP4
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.feed import Appended, Cache, Closed, Decoder, Document, Expected, Message, Opened, Ranged, Removed
from ringside.flow.relay.feed.pieces import pieces
from ringside.flow.relay.feed.shelf import Shelf, Told

paths = st.sampled_from(["/a", "/b", "/c"])
blobs = st.integers(0, 2)
steps = st.one_of(
    st.builds(Opened, paths, blobs, st.just(MP4)),
    st.tuples(blobs, st.binary(max_size=9)),
    st.builds(Closed, blobs),
    st.builds(Ranged, paths, blobs, st.integers(0, 4), st.integers(0, 4), st.just(MP4)),
    st.builds(Document, paths, st.binary(max_size=2), st.just("x"), st.just(Cache.SHORT)),
    st.builds(Removed, paths),
    st.builds(Expected, paths),
)


def transfer(told: list[Told], far: Shelf) -> None:
    """What is sent over HTTP for `told`, received by `far`."""
    decoder = Decoder()
    for frames, memory, first, end in pieces(told):
        data = frames if memory is None else frames + os.pread(memory.fd, end - first, first)
        for message in decoder.feed(data):
            far.put(message, 0)  # type: ignore[arg-type]


def step(shelf: Shelf, message: Message | tuple[int, bytes]) -> list[Told]:
    """Put a message, or bytes to be added to a blob; nothing is told of nonsense."""
    try:
        if isinstance(message, tuple):
            number, data = message
            message = Appended(number, shelf._snapshot.size(number) + len(data), data)
        return [shelf.put(message, 0)]
    except ValueError:
        return []


@given(st.lists(steps, max_size=20), st.lists(steps, max_size=20))
@settings(max_examples=200, deadline=None)
def test_whenever_a_reader_comes_it_has_in_the_end_what_the_origin_has(
    before: list[Message | tuple[int, bytes]], after: list[Message | tuple[int, bytes]]
) -> None:
    shelf, far = Shelf(), Shelf()
    for message in before:
        step(shelf, message)
    transfer(shelf.told(), far)
    for message in after:
        transfer(step(shelf, message), far)
    assert sorted(map(repr, far.told())) == sorted(map(repr, shelf.told()))
    assert far.bytes == shelf.bytes
