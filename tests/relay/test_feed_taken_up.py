"""An origin that was killed tells everything anew: who follows what grows goes on, where the bytes are the same."""

import os

from ringside.core.feed import Appended, Cache, Closed, Document, Message, Opened, Streamed, Synced
from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.endless import Endless, Ride
from ringside.flow.relay.answer.store import Store
from ringside.flow.relay.answer.things import Media

PATH, STREAM, HEADER = "/live/main/v/7.m4s", "/live/main/v/stream", "/live/main/v/init.mp4"


class Follower:
    def advance(self) -> None: ...

    def abandon(self) -> None: ...


class Feed:
    """A hub's words to one store, with memory of its own. `blob`: the number that it gives the segment."""

    def __init__(self, store: Store, blob: int, data: bytes, path: str = PATH) -> None:
        self.store, self.blob, self.size = store, blob, 0
        self.fd = os.memfd_create("test")
        store.begin()
        self.tell(Document(HEADER, b"header", "video/mp4", Cache.IMMUTABLE))
        store.apply(Opened(path, blob, "video/mp4"), 0, os.dup(self.fd))
        self.grow(data)
        self.tell(Streamed(STREAM, HEADER, blob, 0, "video/mp4"))
        self.tell(Synced())

    def tell(self, message: Message) -> None:
        self.store.apply(message, 0)

    def grow(self, data: bytes) -> None:
        os.pwrite(self.fd, data, self.size)
        self.size += len(data)
        self.tell(Appended(self.blob, self.size))


def followed(store: Store) -> tuple[Blob, Follower]:
    thing, follower = store.find(PATH), Follower()
    assert isinstance(thing, Media)
    thing.blob.followers[follower] = None
    return thing.blob, follower


def test_a_growing_segment_that_is_told_anew_goes_on_for_who_follows_it() -> None:
    store = Store()
    Feed(store, 1, b"one,")
    blob, follower = followed(store)
    again = Feed(store, 9, b"one,")
    again.grow(b"two,")
    again.tell(Closed(9))
    assert not blob.lost
    assert (blob.read(0, blob.size), blob.closed, list(blob.followers)) == (b"one,two,", True, [follower])
    assert blob in store.grown


def test_one_that_was_told_to_be_longer_by_now_is_longer_for_who_follows_it() -> None:
    store = Store()
    Feed(store, 1, b"one,")
    blob, _ = followed(store)
    Feed(store, 9, b"one,two,")
    assert (blob.lost, blob.read(0, blob.size)) == (False, b"one,two,")


def test_other_bytes_or_fewer_are_another_segment_and_who_followed_is_cut_off() -> None:
    for data in (b"two,one,", b"one"):
        store = Store()
        Feed(store, 1, b"one,")
        blob, _ = followed(store)
        Feed(store, 9, data)
        assert blob.lost
        assert blob.read(0, 4) == b"one,"


def test_a_viewer_of_the_stream_goes_on_at_the_very_byte() -> None:
    store = Store()
    Feed(store, 1, b"one,")
    stream, follower = store.find(STREAM), Follower()
    assert isinstance(stream, Endless)
    ride = Ride(stream)
    first = ride.next(follower)
    assert first is not None
    assert (first.header, first.first, first.end) == (b"header", 0, 4)
    again = Feed(store, 9, b"one,two,")
    second = ride.next(follower)
    assert second is not None
    assert (second.header, second.blob.read(second.first, second.end - second.first)) == (b"", b"two,")
    again.tell(Closed(9))
    again.fd, again.size, again.blob = os.memfd_create("next"), 0, 10
    store.apply(Opened("/live/main/v/8.m4s", 10, "video/mp4"), 0, os.dup(again.fd))
    again.grow(b"three,")
    again.tell(Streamed(STREAM, HEADER, 10, 0, "video/mp4"))
    third = ride.next(follower)
    assert third is not None
    assert (third.header, third.blob.read(third.first, third.end - third.first)) == (b"", b"three,")
    assert store.streams["stream_skips"] == 0


def test_a_viewer_between_two_segments_goes_on_with_the_next() -> None:
    store = Store()
    Feed(store, 1, b"one,").tell(Closed(1))
    stream, follower = store.find(STREAM), Follower()
    assert isinstance(stream, Endless)
    ride = Ride(stream)
    assert ride.next(follower) is not None
    again = Feed(store, 9, b"one,")
    again.tell(Closed(9))
    assert ride.next(follower) is None
    again.fd, again.size, again.blob = os.memfd_create("next"), 0, 10
    store.apply(Opened("/live/main/v/8.m4s", 10, "video/mp4"), 0, os.dup(again.fd))
    again.grow(b"two,")
    again.tell(Streamed(STREAM, HEADER, 10, 0, "video/mp4"))
    after = ride.next(follower)
    assert after is not None
    assert (after.blob.read(after.first, after.end), store.streams["stream_skips"]) == (b"two,", 0)


def test_a_viewer_of_the_stream_whose_segment_is_over_by_now_goes_on_where_the_new_one_begins() -> None:
    store = Store()
    Feed(store, 1, b"one,")
    stream, follower = store.find(STREAM), Follower()
    assert isinstance(stream, Endless)
    ride = Ride(stream)
    assert ride.next(follower) is not None
    Feed(store, 9, b"other", "/live/main/v/8.m4s")
    after = ride.next(follower)
    assert after is not None
    assert (after.blob.read(after.first, after.end), store.streams["stream_skips"]) == (b"other", 1)
