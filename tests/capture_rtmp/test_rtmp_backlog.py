"""The backlog: bounded, and what it drops leaves a picture that can be decoded."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.flow.capture.coded.backlog import Backlog, Began, Coded, Ended
from ringside.flow.capture.coded.unit import Config, Unit


def picture(n: int, key: bool = False, size: int = 10) -> Coded:
    return Coded(Unit("video", "h264", key, bytes(size)), n, n)


def sound(n: int) -> Coded:
    return Coded(Unit("audio", "aac", True, bytes(10)), n, n)


def taken(backlog: Backlog) -> list[object]:
    return list(iter(backlog.take, None))


def test_what_goes_in_comes_out_in_order() -> None:
    backlog = Backlog()
    items = [Began("x"), Coded(Config("video", "h264", b"c"), 0, 0), picture(1, key=True), sound(2), Ended("y")]
    for item in items:
        backlog.put(item)
    assert taken(backlog) == items
    assert not backlog.dropped


def test_when_full_pictures_are_dropped_until_the_next_key() -> None:
    backlog = Backlog(max_items=3)
    for n in range(5):
        backlog.put(picture(n, key=n == 0))
    assert backlog.dropped == {"video": 2}
    backlog.take()
    backlog.put(picture(5))  # there is room, but its reference is gone
    assert backlog.dropped == {"video": 3}
    backlog.put(picture(6, key=True))
    assert [item.pts_ns for item in taken(backlog)] == [1, 2, 6]


def test_a_key_frame_that_finds_it_full_replaces_the_pictures_that_wait() -> None:
    backlog = Backlog(max_items=4)
    backlog.put(Coded(Config("video", "h264", b"c"), 0, 0))
    backlog.put(sound(0))
    backlog.put(picture(1, key=True))
    backlog.put(picture(2))
    backlog.put(picture(3, key=True))
    assert [item.pts_ns for item in taken(backlog)] == [0, 0, 3]
    assert backlog.dropped == {"video": 2}


def test_sound_pushes_pictures_out_and_goes_itself_only_at_last() -> None:
    backlog = Backlog(max_items=3)
    backlog.put(picture(0, key=True))
    for n in range(4):
        backlog.put(sound(n))
    assert [item.pts_ns for item in taken(backlog)] == [0, 1, 2]
    assert backlog.dropped == {"video": 1, "audio": 1}
    backlog.put(picture(5))
    assert backlog.dropped["video"] == 2


def test_bytes_are_bounded_too() -> None:
    backlog = Backlog(max_bytes=1000)
    backlog.put(picture(0, key=True, size=600))
    backlog.put(picture(1, size=600))
    assert backlog.dropped == {"video": 1}
    backlog.put(picture(2, key=True, size=5000))
    assert taken(backlog) == []


def test_a_new_publisher_starts_afresh() -> None:
    backlog = Backlog(max_items=2)
    for n in range(4):
        backlog.put(picture(n, key=n == 0))
    backlog.put(Ended("gone"))
    backlog.put(Began("new"))
    backlog.put(sound(9))
    assert [type(item) for item in taken(backlog)] == [Ended, Began]


def test_publishers_who_come_and_go_unseen_leave_nothing() -> None:
    backlog = Backlog(max_items=4)
    backlog.put(Began("first"))
    backlog.put(picture(0, key=True))
    for _ in range(1000):
        backlog.put(Ended("x"))
        backlog.put(Began("y"))
        backlog.put(sound(1))
    assert len(backlog) <= 6


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("kpasbe"), st.integers(0, 400)), max_size=80))
def test_no_picture_leaves_whose_reference_was_dropped(script: list[tuple[str, int]]) -> None:
    backlog = Backlog(max_items=6, max_bytes=1000)
    number = count = 0
    last: int | None = None
    for kind, size in script:
        match kind:
            case "k" | "p":
                number += 1
                count += 1
                backlog.put(picture(number, kind == "k" or number == 1, size))
            case "a":
                backlog.put(sound(0))
            case "s":
                item = backlog.take()
                if isinstance(item, Coded) and item.unit.kind == "video":
                    assert isinstance(item.unit, Unit)
                    count -= 1
                    assert item.unit.key or last == item.pts_ns - 1
                    last = item.pts_ns
        assert len(backlog) <= 6
    left = sum(1 for item in taken(backlog) if isinstance(item, Coded) and item.unit.kind == "video")
    assert left + backlog.dropped["video"] == count
