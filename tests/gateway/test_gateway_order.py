"""Order: each turn once, whole, and in the order of its lanes, whoever tells it and in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from ringside.core.feed import Appended, Document, Message, Opened, Ranged, Streamed
from ringside.core.feed.messages import Cache
from ringside.core.feed.news import MediaRef
from ringside.flow.relay.gateway.order import MAX_AHEAD, MAX_BYTES, MAX_WAITING, Lanes, Order


def media(blob: int, size: int = 4, n: int = 4) -> MediaRef:
    return MediaRef(10, size, blob, size, n, 1, b"d" * 16, "/x", 0)


def turn(lane: str, blob: int, number: int = 1) -> list[Message | MediaRef]:
    return [Opened(f"/live/{lane}/{number}.m4s", blob, "video/mp4"), media(blob)]


def whole(lane: str, blob: int, number: int = 1) -> list[Message]:
    return [Opened(f"/live/{lane}/{number}.m4s", blob, "video/mp4"), Appended(blob, 4, b"data")]


def begun() -> Order:
    order = Order()
    assert order.begin(0, []) == []
    return order


def numbers(released: list[tuple[int, list[Message]]]) -> list[int]:
    return [number for number, _ in released]


def test_a_turn_waits_for_its_media_and_later_turns_of_its_lane_with_it_while_other_lanes_pass() -> None:
    order = begun()
    assert order.turn(1, turn("v", 1)) == []
    assert order.turn(2, whole("v", 2, 2)) == []
    assert numbers(order.turn(3, whole("a", 3))) == [3]
    assert order.base == 0
    assert numbers(order.media(media(1), b"data")) == [1, 2]
    assert (order.base, order.bytes) == (3, 0)


def test_media_takes_the_place_of_its_name_in_the_turn() -> None:
    order = begun()
    order.turn(1, turn("v", 1))
    ((_, messages),) = order.media(media(1), b"data")
    assert messages == whole("v", 1)


def test_nothing_passes_a_turn_that_nobody_has_told() -> None:
    order = begun()
    assert order.turn(2, whole("a", 2)) == []
    assert (order.known, order.newest) == (0, 2)
    assert numbers(order.turn(1, whole("v", 1))) == [1, 2]


def test_a_turn_told_twice_is_published_once() -> None:
    order = begun()
    assert numbers(order.turn(1, whole("v", 1))) == [1]
    assert order.turn(1, whole("v", 1)) == []
    assert order.turn(2, turn("v", 2, 2)) == []
    assert order.turn(2, turn("v", 2, 2)) == []
    assert numbers(order.turn(2, whole("v", 2, 2))) == [2], "the feed completes what the group left short"
    assert order.media(media(2), b"data") == []


def test_a_document_that_two_lanes_name_stays_in_order() -> None:
    order = begun()
    mpd = Document("/live/index.mpd", b"1", "mpd", Cache.SHORT)
    order.turn(1, [*turn("v", 1), mpd])
    assert order.turn(2, [*whole("a", 2), mpd]) == []
    assert numbers(order.media(media(1), b"data")) == [1, 2]


def test_a_blob_is_in_the_lane_where_it_was_opened_or_ranged() -> None:
    lanes = Lanes()
    lanes.learn([Opened("/live/v/1.m4s", 1, ""), Opened("", 2, ""), Ranged("/live/a/1.0.m4s", 2, 0, 4, "")])
    assert lanes.touched([Appended(1, 4), Appended(2, 4)]) == {"/live/v", "/live/a"}
    assert lanes.touched([Streamed("/live/v/stream.mp4", "/live/init/v.mp4", 1, 0, "")]) == {"/live/v", "/live/init"}
    assert lanes.of_blob(99) == "#99"


def test_turns_told_before_all_that_exists_follow_it() -> None:
    order = Order()
    for number in range(3, 7):
        assert order.turn(number, whole("v", number, number)) == []
    assert numbers(order.begin(4, [])) == [5, 6]


def test_what_was_told_long_before_all_that_exists_makes_room_for_what_is_newer() -> None:
    order = Order()
    for number in range(200):
        order.turn(number, whole("v", number, number))
    assert numbers(order.begin(198 - MAX_AHEAD + 1, [])) == list(range(200 - MAX_AHEAD, 200))


def test_all_that_exists_told_anew_undoes_what_was_published() -> None:
    order = begun()
    assert numbers(order.turn(1, whole("v", 1))) == [1]
    order.turn(2, turn("v", 2, 2))
    order.suspend()
    assert order.turn(3, whole("a", 3)) == []
    assert numbers(order.begin(1, [Opened("/live/v/1.m4s", 1, "")])) == [3]
    assert numbers(order.media(media(2), b"data")) == [2]


def test_after_forgetting_what_waited_a_feed_tells_only_what_was_not_published() -> None:
    order = begun()
    order.turn(1, turn("v", 1))
    assert numbers(order.turn(2, whole("a", 2))) == [2]
    order.forget()
    assert (order.base, order.known, order.bytes) == (0, 0, 0)
    assert numbers(order.turn(1, whole("v", 1))) == [1]
    assert (order.base, order.turn(2, whole("a", 2))) == (2, [])


def test_what_waits_is_bounded_in_turns_and_in_bytes() -> None:
    order = begun()
    for number in range(1, MAX_WAITING + 2):
        assert not order.is_full
        order.turn(number, turn("v", number, number))
    assert order.is_full
    order = begun()
    order.turn(1, turn("v", 1))
    order.turn(2, [Appended(9, MAX_BYTES + 1, bytes(MAX_BYTES + 1)), *turn("v", 2, 2)])
    assert order.bytes == MAX_BYTES + 1
    assert order.is_full


def test_turns_ahead_of_one_that_is_missing_are_bounded() -> None:
    order = begun()
    for number in range(2, 1000):
        order.turn(number, whole("v", number, number))
    assert len(order._ahead) == MAX_AHEAD
    assert order.newest == MAX_AHEAD + 1


EVENTS = st.lists(st.tuples(st.sampled_from("gm"), st.integers(1, 12)), max_size=80)
LANES = st.lists(st.sampled_from(["v", "a", "va"]), min_size=12, max_size=12)


@given(EVENTS, LANES, st.randoms(use_true_random=False))
def test_whatever_comes_first_each_lane_is_published_as_it_was_told(events, lanes, chance) -> None:
    """`g`: the group tells a turn; `m`: media comes; between them the feed tells all, in its order."""
    told = {n: [m for lane in lanes[n - 1] for m in turn(lane, 10 * n + ord(lane), n)] for n in range(1, 13)}
    fed = {n: [m for lane in lanes[n - 1] for m in whole(lane, 10 * n + ord(lane), n)] for n in range(1, 13)}
    steps = [*events, *(("f", n) for n in range(1, 13))]
    order, published, at = begun(), [], 0
    places = sorted(chance.sample(range(len(steps)), 12))
    mixed = iter(events)
    for place in range(len(steps)):
        if place in places:
            at += 1
            published += order.turn(at, fed[at])
            assert order.base >= at, "what the feed has told is there"
        else:
            kind, number = next(mixed)
            if kind == "g":
                published += order.turn(number, told[number])
            else:
                refs = [m for m in told[number] if isinstance(m, MediaRef)]
                published += [turns for ref in refs for turns in order.media(ref, b"data")]
    assert sorted(numbers(published)) == list(range(1, 13))
    assert all(messages == fed[number] for number, messages in published)
    for lane in "va":
        mine = [number for number in numbers(published) if lane in lanes[number - 1]]
        assert mine == sorted(mine)
    assert (order.base, order.bytes, order.is_full) == (12, 0, False)
