"""A viewer's way along an endless stream, as pure steps: whole chunks, in order, from an independent one on."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.endless import Endless, Leg, Ride, Skips
from ringside.flow.relay.answer.serve import Tally

CHUNK = 10  # bytes


class Follower:
    def advance(self) -> None: ...

    def abandon(self) -> None: ...


class Event:
    """Segments of chunks, each `CHUNK` bytes; every third chunk of a segment, and its first, is independent."""

    def __init__(self) -> None:
        self.blobs: list[Blob] = []
        self.header = b"one"
        self.open()
        self.stream = Endless(Leg(self.blobs[-1], self.header), 0, "video/mp4", Tally(), Skips())

    def open(self) -> None:
        self.blobs.append(Blob(-1, close=lambda _: None))
        self.blobs[-1].size = CHUNK

    def chunk(self) -> None:
        blob = self.blobs[-1]
        blob.size += CHUNK
        if (blob.size // CHUNK) % 3 == 1:
            self.stream.move(blob, self.header, blob.size - CHUNK)

    def segment(self) -> None:
        self.blobs[-1].closed = True
        self.open()
        self.stream.move(self.blobs[-1], self.header, 0)

    def anew(self) -> None:
        """The feed is lost, and told anew by another."""
        for blob in self.blobs:
            blob.lost = not blob.closed
        old = self.stream
        self.blobs.append(Blob(-1, close=lambda _: None))
        self.blobs[-1].size = 4 * CHUNK
        self.stream = Endless(Leg(self.blobs[-1], self.header), 3 * CHUNK, "video/mp4", Tally(), Skips())
        old.end(self.stream)


class Viewer:
    def __init__(self, event: Event) -> None:
        self.event, self.follower = event, Follower()
        self.ride = Ride(event.stream)
        self.ride.blob.followers[self.follower] = None
        self.got: list[tuple[int, int, int, bytes]] = []  # segment, first, end, header

    def read(self) -> None:
        while (piece := self.ride.next(self.follower)) is not None:
            assert piece.end > piece.first
            assert piece.first % CHUNK == piece.end % CHUNK == 0
            self.got.append((self.event.blobs.index(piece.blob), piece.first, piece.end, piece.header))
        assert self.follower in self.ride.blob.followers
        assert sum(self.follower in blob.followers for blob in self.event.blobs) == 1


def test_who_joins_begins_with_the_header_and_the_newest_independent_chunk() -> None:
    event = Event()
    for _ in range(4):
        event.chunk()
    viewer = Viewer(event)
    viewer.read()
    assert viewer.got == [(0, 3 * CHUNK, 5 * CHUNK, b"one")]


def test_a_viewer_who_keeps_up_has_every_byte_once_across_segments() -> None:
    event = Event()
    viewer = Viewer(event)
    for _ in range(3):
        for _ in range(4):
            viewer.read()
            event.chunk()
        event.segment()
    viewer.read()
    assert [header for *_, header in viewer.got] == [b"one"] + [b""] * (len(viewer.got) - 1)
    for segment in range(3):
        spans = [(first, end) for at, first, end, _ in viewer.got if at == segment]
        assert spans[0][0] == 0
        assert spans[-1][1] == 5 * CHUNK
        assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
    assert event.stream.skips.count == 0


def test_a_new_header_comes_before_the_chunks_that_need_it() -> None:
    event = Event()
    viewer = Viewer(event)
    viewer.read()
    event.header = b"two"
    event.segment()
    viewer.read()
    assert viewer.got == [(0, 0, CHUNK, b"one"), (1, 0, CHUNK, b"two")]


def test_who_is_two_segments_behind_is_put_where_the_newest_begin_and_counted() -> None:
    event = Event()
    viewer = Viewer(event)
    viewer.read()
    event.segment()
    event.segment()
    event.chunk()
    viewer.read()
    assert viewer.got[1:] == [(2, 0, 2 * CHUNK, b"")]
    assert event.stream.skips.count == 1


def test_a_stream_that_ends_is_over_when_all_of_it_was_had() -> None:
    event = Event()
    viewer = Viewer(event)
    event.blobs[-1].closed = True
    event.stream.end()
    assert not viewer.ride.over
    viewer.read()
    assert viewer.got == [(0, 0, CHUNK, b"one")]
    assert viewer.ride.over


def test_who_is_sent_elsewhere_leaves_between_chunks() -> None:
    event = Event()
    viewer = Viewer(event)
    viewer.read()
    viewer.ride.leave()
    event.chunk()
    viewer.read()
    assert viewer.ride.over


def test_when_the_feed_begins_anew_the_viewer_goes_on_where_the_new_one_begins() -> None:
    event = Event()
    viewer = Viewer(event)
    viewer.read()
    event.anew()
    event.anew()
    viewer.read()
    assert viewer.got[1:] == [(2, 3 * CHUNK, 4 * CHUNK, b"")]
    event.chunk()
    viewer.read()
    assert viewer.got[-1] == (2, 4 * CHUNK, 5 * CHUNK, b"")


steps = st.lists(st.sampled_from(["chunk", "segment", "anew", "read", "join"]), max_size=80)


@settings(max_examples=1000)
@given(steps)
def test_whatever_happens_a_jump_ends_at_an_independent_chunk(steps: list[str]) -> None:
    event, viewers = Event(), []
    for step in steps:
        if step == "join":
            viewers.append(Viewer(event))
        elif step == "read":
            for viewer in viewers:
                viewer.read()
        else:
            getattr(event, step)()
    for viewer in viewers:
        viewer.read()
        assert viewer.got[0][3] == b"one"
        before = None
        for segment, first, end, _ in viewer.got:
            follows = before is not None and (
                (segment, first) == before or (first == 0 and segment == before[0] + 1 and before[1] > 0)
            )
            assert follows or (first // CHUNK) % 3 == 0
            before = (segment, end)
        assert before == (len(event.blobs) - 1, event.blobs[-1].size)
