"""The chunk stream: messages survive any cutting, and nothing that is announced costs memory."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.rtmp.chunks import MAX_CHUNK_BYTES, Limits, Reader, Writer
from ringside.core.rtmp.errors import Malformed
from ringside.core.rtmp.message import Message, Type, set_chunk_size

MESSAGES = st.builds(
    Message,
    type=st.sampled_from([8, 9, 18, 20]),
    body=st.binary(max_size=600),
    timestamp_ms=st.integers(0, 0xFFFFFFFF) | st.sampled_from([0, 33, 66, 0xFFFFFE, 0xFFFFFF, 0x1000000]),
    stream=st.integers(0, 2),
    chunk_stream=st.sampled_from([3, 6, 63, 64, 319, 320, 65599]),
)


def read(reader: Reader, data: bytes, step: int = 1 << 20) -> list[Message]:
    found = []
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
        found += list(iter(reader.next, None))
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(MESSAGES, max_size=8), st.sampled_from([1, 7, 128, 4096, 65536]), st.integers(1, 400))
def test_whatever_is_written_is_read_back_however_it_is_cut(messages: list[Message], size: int, step: int) -> None:
    writer = Writer()
    data = writer.write(set_chunk_size(size)) + b"".join(writer.write(m) for m in messages)
    assert read(Reader(Limits()), data, step) == messages


def header(kind: int, fields: bytes, chunk_stream: int = 4) -> bytes:
    return bytes([kind << 6 | chunk_stream]) + fields


def full(timestamp: int, length: int, kind: int = 9) -> bytes:
    return header(0, timestamp.to_bytes(3) + length.to_bytes(3) + bytes([kind]) + b"\1\0\0\0")


def test_each_header_type_takes_from_the_one_before_what_it_leaves_out() -> None:
    data = full(100, 2) + b"ab"
    data += header(1, b"\0\0\x0a\0\0\1\x08") + b"c"
    data += header(2, b"\0\0\x14") + b"d"
    data += header(3, b"") + b"e"
    got = read(Reader(Limits()), data)
    assert [(m.timestamp_ms, m.type, bytes(m.body), m.stream) for m in got] == [
        (100, 9, b"ab", 1),
        (110, 8, b"c", 1),
        (130, 8, b"d", 1),
        (150, 8, b"e", 1),
    ]


def test_a_type_3_message_after_a_type_0_steps_by_that_timestamp() -> None:
    got = read(Reader(Limits()), full(33, 1) + b"a" + header(3, b"") + b"b")
    assert [m.timestamp_ms for m in got] == [33, 66]


def test_chunks_of_two_messages_may_be_interleaved() -> None:
    audio = header(0, b"\0\0\5\0\0\x03\x08\1\0\0\0", 5) + b"snd"
    data = full(7, 200) + b"v" * 128 + audio + header(3, b"") + b"w" * 72
    got = read(Reader(Limits()), data)
    assert [(m.type, bytes(m.body)) for m in got] == [(8, b"snd"), (9, b"v" * 128 + b"w" * 72)]


@pytest.mark.parametrize("repeated", [True, False])
def test_extended_timestamps_are_read_whether_or_not_continuations_repeat_them(repeated: bool) -> None:
    extra = (0x01020304).to_bytes(4)
    data = full(0xFFFFFF, 300) + extra + b"a" * 128
    for n in (128, 44):
        data += header(3, b"") + (extra if repeated else b"") + b"b" * n
    got = read(Reader(Limits()), data)
    assert [(m.timestamp_ms, len(m.body)) for m in got] == [(0x01020304, 300)]
    assert bytes(got[0].body) == b"a" * 128 + b"b" * 172


def test_timestamps_wrap_at_32_bits() -> None:
    data = full(0xFFFFFF, 1) + b"\xff\xff\xff\xf0a" + header(2, b"\0\0\x20") + b"b"
    assert [m.timestamp_ms for m in read(Reader(Limits()), data)] == [0xFFFFFFF0, 0x10]


def control(kind: Type, value: int) -> bytes:
    return Writer().write(Message(kind, value.to_bytes(4)))


@pytest.mark.parametrize("size", [0, MAX_CHUNK_BYTES + 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_a_chunk_size_that_no_publisher_needs_is_refused(size: int) -> None:
    with pytest.raises(Malformed, match=f"chunk size {size}"):
        read(Reader(Limits()), control(Type.SET_CHUNK_SIZE, size))


def test_chunks_of_one_byte_are_legal() -> None:
    reader = Reader(Limits())
    data = control(Type.SET_CHUNK_SIZE, 1) + full(0, 3) + b"a" + b"\xc4b" + b"\xc4c"
    assert [bytes(m.body) for m in read(reader, data)] == [b"abc"]


def test_an_abort_throws_the_unfinished_message_away() -> None:
    reader = Reader(Limits())
    data = full(0, 200) + bytes(128) + control(Type.ABORT, 4) + full(9, 2) + b"ok"
    assert [bytes(m.body) for m in read(reader, data)] == [b"ok"]
    assert reader.held_bytes <= len(data)
    reader.feed(b"")
    assert reader.held_bytes == 0


def test_an_abort_of_a_stream_that_does_not_exist_changes_nothing() -> None:
    assert [bytes(m.body) for m in read(Reader(Limits()), control(Type.ABORT, 99) + full(0, 1) + b"a")] == [b"a"]


@pytest.mark.parametrize("kind", [2, 3])
def test_a_chunk_stream_cannot_begin_with_a_header_that_refers_back(kind: int) -> None:
    with pytest.raises(Malformed, match="begins with a type"):
        read(Reader(Limits()), header(kind, b"\0\0\0"))


def test_librtmp_may_begin_a_chunk_stream_with_a_type_1_header() -> None:
    got = read(Reader(Limits()), header(1, b"\0\0\5\0\0\1\x08") + b"a")
    assert [(m.timestamp_ms, m.stream) for m in got] == [(5, 0)]


def test_a_new_message_inside_an_unfinished_one_is_refused() -> None:
    with pytest.raises(Malformed, match="inside an unfinished"):
        read(Reader(Limits()), full(0, 200) + bytes(128) + full(0, 200))


def test_a_control_message_too_short_for_its_value_is_refused() -> None:
    with pytest.raises(Malformed, match="shorter than 4"):
        read(Reader(Limits()), Writer().write(Message(Type.SET_CHUNK_SIZE, b"\0\0")))


def peak_bytes(reader: Reader, data: bytes) -> int:
    tracemalloc.start()
    try:
        read(reader, data)
    except Malformed:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_sixteen_announced_megabytes_cost_nothing() -> None:
    data = full(0, 0xFFFFFF) + bytes(128)
    assert peak_bytes(Reader(Limits()), data) < 50_000
    with pytest.raises(Malformed, match="16777215 bytes is announced"):
        read(Reader(Limits()), data)


def test_what_a_connection_costs_is_bounded_over_all_its_chunk_streams_together() -> None:
    limits = Limits()
    pieces = bytearray(Writer().write(set_chunk_size(65536)))
    for turn in range(60):
        for chunk_stream in range(3, 40):
            fields = b"\0\0\0\x40\0\0\x09\1\0\0\0" if turn == 0 else b""
            pieces += header(0 if turn == 0 else 3, fields, chunk_stream) + bytes(65536)
    reader = Reader(limits)
    with pytest.raises(Malformed, match="unfinished messages hold more"):
        read(reader, bytes(pieces), 65536)
    assert reader.held_bytes <= limits.assembly_bytes + 2 * 65536 + 64
    assert peak_bytes(Reader(limits), bytes(pieces)) < 16 << 20


def test_there_is_an_end_to_the_number_of_chunk_streams() -> None:
    data = b"".join(header(0, b"\0\0\0\0\0\1\x09\1\0\0\0", n) + b"a" for n in range(3, 63))
    data += b"".join(Writer().write(Message(9, b"a", 0, 1, n)) for n in range(64, 100))
    with pytest.raises(Malformed, match="more than 64 chunk streams"):
        read(Reader(Limits()), data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_random_bytes_are_malformed_or_messages_and_nothing_else(data: bytes, step: int) -> None:
    try:
        read(Reader(Limits()), data, step)
    except Malformed:
        pass
