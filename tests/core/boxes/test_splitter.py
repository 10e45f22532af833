"""A stream cut anywhere gives the same units; garbage gives a sentence; nothing grows beyond its limit."""

import itertools
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import suppress

import pytest
from box_streams import AAC, FRAMES, H264, PRFT
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.boxes import BoxError, Init, Raw, Splitter
from ringside.core.boxes.box import box, boxes, u32
from ringside.core.boxes.splitter import MAX_CHUNK_BYTES, MAX_INIT_BYTES, NEXT

Make = Callable[[str], bytes]

HEADER = box("ftyp", b"iso6") + box("moov", bytes(40))
CHUNK = box("styp", b"cmfs") + box("prft", bytes(16)) + box("moof", bytes(30)) + box("mdat", bytes(50))
BARE = box("moof", bytes(30)) + box("mdat", b"")
STREAM = HEADER + CHUNK + BARE + box("free", bytes(9)) + CHUNK + HEADER + BARE + box("mfra", bytes(20))
UNITS = [Init(HEADER), Raw(CHUNK), Raw(BARE), Raw(CHUNK), Init(HEADER), Raw(BARE)]


def feed_all(pieces: Iterable[bytes], splitter: Splitter | None = None) -> list[Init | Raw]:
    splitter = splitter or Splitter()
    return [unit for piece in pieces for unit in splitter.feed(piece)]


@given(st.lists(st.integers(0, len(STREAM))))
def test_wherever_the_bytes_are_split_the_units_are_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert feed_all(STREAM[a:b] for a, b in itertools.pairwise(edges)) == UNITS


def test_a_unit_leaves_with_its_last_byte() -> None:
    splitter = Splitter()
    ends = set(itertools.accumulate(len(data) for data in (HEADER, CHUNK, BARE)))
    for at, byte in enumerate(HEADER + CHUNK + BARE):
        assert bool(splitter.feed(bytes([byte]))) == (at + 1 in ends)
        assert (splitter.pending_bytes == 0) == (at + 1 in ends)


@pytest.mark.peer
@pytest.mark.parametrize("options", [f"{H264} -g 25 {PRFT}", f"{AAC} {FRAMES}"], ids=["video", "audio"])
@pytest.mark.parametrize("step", [1, 7, 1460, 65_536])
def test_ffmpegs_own_stream_comes_out_whole(ffmpeg: Make, options: str, step: int) -> None:
    data = ffmpeg(options)
    units = feed_all(data[at : at + step] for at in range(0, len(data), step))
    assert isinstance(units[0], Init)
    assert all(isinstance(unit, Raw) for unit in units[1:])
    trailer = sum(found.size for found in boxes(data) if found.type == "mfra")
    assert b"".join(unit.data for unit in units) == data[: len(data) - trailer]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (HEADER + box("mdat", bytes(9)), "this is a plain MP4, not a fragmented one"),
        (box("ftyp", bytes(8)) + box("mdat", bytes(9)), "this is a plain MP4, not a fragmented one"),
        (box("moov", bytes(9)), "moov comes without an ftyp"),
        (HEADER + box("moof") + box("moof"), "box moof does not belong after moof"),
        (HEADER + box("styp") + box("ftyp"), "box ftyp does not belong ahead of a moof"),
        (b"GET / HTTP/1.1\r\n\r\n", "box / HT does not belong between units"),
        (bytes(64), "runs to the end of the file"),
        (u32(MAX_INIT_BYTES + 1) + b"ftyp", f"more than the {MAX_INIT_BYTES} bytes a header may have"),
        (u32(16) + b"ftyp" + bytes(8) + u32(2**32 - 1) + b"moov", "bytes a header may have"),
        (box("moof") + u32(MAX_CHUNK_BYTES) + b"mdat", f"more than the {MAX_CHUNK_BYTES} bytes a chunk may have"),
        (box("moof") + u32(1) + b"mdat" + b"\xff" * 8, "bytes a chunk may have"),
    ],
)
def test_what_is_no_cmaf_is_refused_in_a_sentence_and_for_good(data: bytes, sentence: str) -> None:
    splitter = Splitter()
    with pytest.raises(BoxError, match=sentence):
        feed_all((data[at : at + 1] for at in range(len(data))), splitter)
    assert splitter.pending_bytes == 0
    with pytest.raises(BoxError, match=sentence):
        splitter.feed(HEADER)


def test_what_was_whole_before_the_garbage_is_not_lost() -> None:
    splitter = Splitter()
    assert splitter.feed(HEADER + CHUNK + b"garbage!" + CHUNK) == [Init(HEADER), Raw(CHUNK)]
    with pytest.raises(BoxError, match="box age! does not belong between units"):
        splitter.feed(b"")


def test_a_large_box_that_is_left_out_is_never_held() -> None:
    splitter = Splitter()
    splitter.feed(u32(2**31) + b"free")
    for _ in range(100):
        splitter.feed(bytes(10_000))
        assert splitter.pending_bytes == 0
    assert repr(splitter) == "<Splitter between units 0 B>"


def test_many_small_boxes_ahead_of_a_moof_are_limited_too() -> None:
    splitter = Splitter()
    with pytest.raises(BoxError, match="bytes a chunk may have"):
        feed_all((box("prft", bytes(100_000)) for _ in range(300)), splitter)
    assert splitter.pending_bytes == 0


def test_memory_stays_below_the_limit_plus_what_one_call_brings() -> None:
    splitter, piece = Splitter(), bytes(64 * 1024)
    splitter.feed(box("moof") + u32(MAX_CHUNK_BYTES - 8) + b"mdat")
    tracemalloc.start()
    for _ in range(MAX_CHUNK_BYTES // len(piece) - 1):
        assert splitter.feed(piece) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.3 * MAX_CHUNK_BYTES  # one growth of the buffer copies it


GRAMMAR = sorted({type for follows in NEXT.values() for type in follows} | {"mdat", "wide", "\0\0\0\0"})


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(GRAMMAR), st.binary(max_size=30)), max_size=30), st.integers(1, 50))
def test_any_order_of_boxes_is_split_or_refused_and_loses_nothing(parts: list[tuple[str, bytes]], step: int) -> None:
    data = b"".join(box(type, body) for type, body in parts)
    splitter, units = Splitter(), []
    with suppress(BoxError):
        for at in range(0, len(data), step):
            units += splitter.feed(data[at : at + step])
    for unit in units:
        assert unit.data in data
        assert [b.type for b in boxes(unit.data)][-1] == ("moov" if isinstance(unit, Init) else "mdat")


@settings(max_examples=300)
@given(st.binary(max_size=400), st.integers(1, 64))
def test_garbage_is_refused_or_waited_for_but_never_crashes(data: bytes, step: int) -> None:
    splitter = Splitter()
    with suppress(BoxError):
        for at in range(0, len(data), step):
            splitter.feed(data[at : at + step])
    assert splitter.pending_bytes <= len(data)
