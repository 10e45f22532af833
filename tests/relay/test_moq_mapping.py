"""The feed's messages as MoQ's groups and frames: where a group begins, what a frame is, and that nothing is lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.feed import (
    Anew,
    Appended,
    Cache,
    Closed,
    Document,
    Message,
    Opened,
    Playlist,
    Removed,
    Streamed,
    Synced,
)
from ringside.flow.relay.moq.mapping import (
    BLOBS_PER_TRACK,
    MAX_TRACKS,
    Action,
    Chunks,
    End,
    Forget,
    Group,
    Mapping,
    Over,
    Place,
    place_of,
)

FOLDER = "/live/main/v360"
STREAM = f"{FOLDER}/stream"
HERE = Place("live/main", "v360")
INIT = f"{FOLDER}/init-1.mp4"
HEADER = Document(INIT, b"header", "video/mp4", Cache.IMMUTABLE)


def opened(number: int, blob: int) -> Opened:
    return Opened(f"{FOLDER}/{number}.m4s", blob, "video/mp4")


def joined(blob: int, offset: int, header: str = INIT) -> Streamed:
    return Streamed(STREAM, header, blob, offset, "video/mp4")


def told(mapping: Mapping, *messages: Message) -> list[Action]:
    """What comes of messages that arrive together."""
    return [action for message in messages for action in mapping.apply(message)] + mapping.flush()


@pytest.fixture
def mapping() -> Mapping:
    """One that has sent the first chunk, 100 bytes, of blob 1."""
    mapping = Mapping()
    told(mapping, HEADER, opened(10, 1), Appended(1, 100), joined(1, 0))
    return mapping


def test_a_stream_is_a_track_of_the_broadcast_of_its_event() -> None:
    assert place_of("/live/main/v360/stream") == Place("live/main", "v360")
    for path in ("/live/main/v360/stream2", "/stream", "//stream", "stream", "/a/stream", "/live/main/v360/7.m4s"):
        assert place_of(path) is None, path


def test_a_group_begins_with_the_header_and_the_independent_chunk() -> None:
    actions = told(Mapping(), HEADER, opened(10, 1), Appended(1, 100), joined(1, 0))
    assert actions == [Group(HERE, b"header"), Chunks(HERE, 1, 0, 100)]


def test_each_chunk_is_one_frame(mapping: Mapping) -> None:
    assert told(mapping, Appended(1, 150), Appended(1, 220)) == [Chunks(HERE, 1, 100, 150), Chunks(HERE, 1, 150, 220)]


def test_what_was_there_before_the_stream_began_is_not_sent() -> None:
    actions = told(Mapping(), HEADER, opened(10, 1), Appended(1, 100), Appended(1, 180), joined(1, 100))
    assert actions == [Group(HERE, b"header"), Chunks(HERE, 1, 100, 180)]


def test_an_independent_chunk_within_a_segment_begins_a_group(mapping: Mapping) -> None:
    actions = told(mapping, Appended(1, 150), Appended(1, 200), joined(1, 150))
    assert actions == [Chunks(HERE, 1, 100, 150), Group(HERE, b"header"), Chunks(HERE, 1, 150, 200)]
    assert mapping.late == 0


def test_a_group_that_is_told_too_late_begins_with_bytes_that_were_sent_already(mapping: Mapping) -> None:
    assert told(mapping, Appended(1, 150)) == [Chunks(HERE, 1, 100, 150)]
    assert told(mapping, joined(1, 100)) == [Group(HERE, b"header"), Chunks(HERE, 1, 100, 150)]
    assert mapping.late == 1


def test_the_next_segment_begins_a_group_after_the_rest_of_the_one_before(mapping: Mapping) -> None:
    actions = told(mapping, opened(11, 2), Appended(1, 130), Appended(2, 90), joined(2, 0), Closed(1))
    assert actions == [Chunks(HERE, 1, 100, 130), Group(HERE, b"header"), Chunks(HERE, 2, 0, 90)]


def test_a_new_header_is_the_first_frame_from_then_on(mapping: Mapping) -> None:
    other = Document(f"{FOLDER}/init-2.mp4", b"another", "video/mp4", Cache.IMMUTABLE)
    actions = told(mapping, other, opened(11, 2), Appended(2, 90), joined(2, 0, other.path))
    assert actions == [Group(HERE, b"another"), Chunks(HERE, 2, 0, 90)]


def test_a_stream_that_ends_ends_its_group_and_can_begin_again(mapping: Mapping) -> None:
    assert told(mapping, Removed(STREAM)) == [Over(HERE)]
    assert told(mapping, Appended(1, 150)) == []
    assert told(mapping, Appended(1, 200), joined(1, 150)) == [Group(HERE, b"header"), Chunks(HERE, 1, 150, 200)]


def playlist(ended: bool) -> Playlist:
    return Playlist(f"{FOLDER}/index.m3u8", b"#EXTM3U", b"", 10, -1, (11, 0), 2, 0.2, ended)


def test_a_track_ends_when_its_playlist_says_that_the_event_has(mapping: Mapping) -> None:
    assert told(mapping, playlist(ended=False)) == []
    assert told(mapping, Appended(1, 150), playlist(ended=True)) == [Chunks(HERE, 1, 100, 150), Over(HERE), End(HERE)]


def test_a_track_ends_after_its_stream_did_too(mapping: Mapping) -> None:
    assert told(mapping, Removed(STREAM), playlist(ended=True)) == [Over(HERE), End(HERE)]


def test_a_feed_that_begins_anew_goes_on_after_the_last_byte_sent(mapping: Mapping) -> None:
    assert mapping.begin() == [Forget(1)]
    again = told(mapping, opened(10, 7), Appended(7, 180), HEADER, joined(7, 0), Synced())
    assert again == [Chunks(HERE, 7, 100, 180)]
    assert told(mapping, Appended(7, 200)) == [Chunks(HERE, 7, 180, 200)]


def test_a_feed_that_begins_anew_elsewhere_begins_a_group(mapping: Mapping) -> None:
    again = told(mapping, Anew(), opened(15, 1), Appended(1, 180), Closed(1), HEADER, joined(1, 60), Synced())
    assert again == [Forget(1), Group(HERE, b"header"), Chunks(HERE, 1, 60, 180)]


def test_what_a_new_feed_does_not_tell_is_over(mapping: Mapping) -> None:
    mapping.begin()
    assert told(mapping, HEADER, Synced()) == [Over(HERE)]
    assert mapping.places == []


def test_a_stream_without_its_header_or_its_bytes_is_passed_over_and_counted() -> None:
    mapping = Mapping()
    assert told(mapping, opened(10, 1), Appended(1, 100), joined(1, 0), HEADER, joined(9, 0)) == []
    assert mapping.unfit == 2


def test_only_the_newest_blobs_of_a_track_are_kept() -> None:
    mapping = Mapping()
    actions = told(mapping, HEADER, *(opened(number, number) for number in range(200)))
    assert [action for action in actions if isinstance(action, Forget)] == [
        Forget(number) for number in range(200 - BLOBS_PER_TRACK)
    ]


def test_the_blob_of_a_stream_is_kept_while_others_come_and_go(mapping: Mapping) -> None:
    actions = told(mapping, *(opened(number, number) for number in range(20, 40)), Appended(1, 150))
    assert Forget(1) not in actions
    assert actions[-1] == Chunks(HERE, 1, 100, 150)


def test_there_are_never_more_tracks_than_the_bound() -> None:
    mapping = Mapping()
    for n in range(MAX_TRACKS + 5):
        folder = f"/live/main/t{n}"
        told(
            mapping,
            Document(f"{folder}/init.mp4", b"h", "video/mp4", Cache.IMMUTABLE),
            Opened(f"{folder}/1.m4s", n, "video/mp4"),
            Appended(n, 10),
            Streamed(f"{folder}/stream", f"{folder}/init.mp4", n, 0, "video/mp4"),
        )
    assert len(mapping.places) == MAX_TRACKS
    assert mapping.unfit == 5


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans(), st.booleans()), max_size=60))
def test_every_byte_is_in_a_group_in_order_whatever_arrives_together(steps: list[tuple[int, bool, bool]]) -> None:
    """`steps`: a chunk's size, whether it opens a segment, whether the batch ends behind it."""
    mapping, blob, size, actions = Mapping(), 0, 0, told(Mapping(), HEADER)
    actions += mapping.apply(HEADER)
    wanted: list[tuple[int, int]] = []
    for length, cuts, ends in steps:
        if cuts or not blob:
            blob, size = blob + 1, 0
            actions += mapping.apply(opened(blob, blob))
        actions += mapping.apply(Appended(blob, size + length))
        if size == 0:
            actions += mapping.apply(joined(blob, 0))
        wanted.append((blob, size + length))
        size += length
        if ends:
            actions += mapping.flush()
    actions += mapping.flush()
    sent = [action for action in actions if isinstance(action, Chunks)]
    assert [(each.blob, each.end) for each in sent] == wanted
    assert sum(isinstance(action, Group) for action in actions) == blob
    for before, after in pairwise(sent):
        assert after.first == (before.end if after.blob == before.blob else 0)
