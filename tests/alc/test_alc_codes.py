"""Objects come together from what is left of them; numbers out of bounds never reach a decoder."""

import random

import pytest
import raptorq
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.alc import NO_CODE, RAPTORQ, REED_SOLOMON, BadPacket, Gather, Info, encode, info_of, raptor, rs28
from ringside.core.alc.blocks import partition
from ringside.core.alc.fti import read_info, write_info

SIZES = st.sampled_from([1, 2, 63, 64, 65, 640, 1000, 5000, 20_000])
SEEDS = st.integers(0, 1 << 32)


def put(gather: Gather, symbols: list[tuple[int, int, bytes]]) -> bytes | None:
    found = [whole for each in symbols if (whole := gather.put(*each)) is not None]
    assert len(found) <= 1
    return found[0] if found else None


@given(st.sampled_from([NO_CODE, REED_SOLOMON, RAPTORQ]), SIZES, SEEDS)
@settings(max_examples=60, deadline=None)
def test_without_loss_an_object_is_joined_in_any_order(fec: int, size: int, seed: int) -> None:
    rng = random.Random(seed)
    data = rng.randbytes(size)
    symbols = encode(data, info_of(fec, size, 64), 0)
    rng.shuffle(symbols)
    gather = Gather(info_of(fec, size, 64))
    assert put(gather, symbols + symbols) == data
    assert not gather.fed_by_fec
    assert gather.missing() == []
    assert gather.short == gather.kept_bytes == 0


@given(SIZES, SEEDS)
@settings(max_examples=60, deadline=None)
def test_raptorq_mends_with_any_two_more_than_k(size: int, seed: int) -> None:
    rng = random.Random(seed)
    data, info = rng.randbytes(size), info_of(RAPTORQ, size, 64)
    symbols = encode(data, info, min(info.k + 4, 256))
    gather = Gather(info)
    assert put(gather, rng.sample(symbols, info.k + 2)) == data


@given(st.integers(1, 200), st.integers(1, 55), SEEDS)
@settings(max_examples=40, deadline=None)
def test_reed_solomon_mends_with_any_k_of_a_block(k: int, repair: int, seed: int) -> None:
    rng = random.Random(seed)
    data, info = rng.randbytes(k * 64 - rng.randrange(64)), info_of(REED_SOLOMON, k * 64, 64)
    info = Info(REED_SOLOMON, len(data), 64, info.block, info.most)
    gather = Gather(info)
    kept = rng.sample(encode(data, info, repair), info.k)
    assert put(gather, kept[:-1]) is None
    assert gather.short == 1
    assert gather.put(*kept[-1]) == data
    assert gather.fed_by_fec == any(esi >= info.k for _, esi, _ in kept)


def test_reed_solomon_mends_each_block_of_a_large_object() -> None:
    data = random.Random(1).randbytes(64 * 1000 - 3)
    info = info_of(REED_SOLOMON, len(data), 64)
    symbols = encode(data, info, 100)
    assert info.blocks.number == 5
    kept = [symbol for n, symbol in enumerate(symbols) if n % 12]
    gather = Gather(info)
    assert put(gather, kept) == data
    assert gather.fed_by_fec


def test_one_symbol_too_few_leaves_an_object_short_and_says_which_are_missing() -> None:
    data = random.Random(2).randbytes(64 * 10)
    for fec in (REED_SOLOMON, RAPTORQ):
        gather = Gather(info_of(fec, len(data), 64))
        symbols = encode(data, gather.info, 2)
        assert put(gather, symbols[3:]) is None
        assert gather.missing() == [0, 1, 2]
        assert gather.short == 1
        assert repr(gather) == "<Gather 640 bytes: 9 of 10 symbols, 1 short>"


@given(SIZES, SEEDS, st.sampled_from([NO_CODE, REED_SOLOMON, RAPTORQ]))
@settings(max_examples=60, deadline=None)
def test_a_piece_from_elsewhere_gives_the_symbols_that_lie_whole_in_it(size: int, seed: int, fec: int) -> None:
    rng = random.Random(seed)
    data, info = rng.randbytes(size), info_of(fec, size, 64)
    start = rng.randrange(size)
    stop = rng.randrange(start, size) + 1
    gather = Gather(info)
    gather.mend(start, data[start:stop])
    inside = {i for i in range(info.k) if start <= i * 64 and min((i + 1) * 64, size) <= stop}
    assert {*range(info.k)} - {*gather.missing()} == inside or gather.data is not None
    assert gather.data == data or gather.mend(0, data) == data


def test_symbols_that_an_object_cannot_have_are_refused() -> None:
    gather = Gather(info_of(RAPTORQ, 1000, 64))
    for sbn, esi, size in ((1, 0, 64), (0, 16 + 256, 64), (0, 0, 63), (0, 0, 65), (0, 15, 1000 - 15 * 64), (0, 1, 0)):
        with pytest.raises(BadPacket, match="symbol"):
            gather.put(sbn, esi, bytes(size))
    last = Gather(info_of(NO_CODE, 1000, 64))
    assert last.put(0, 15, bytes(1000 - 15 * 64)) is None
    with pytest.raises(BadPacket, match="symbol"):
        last.put(0, 14, bytes(1000 - 15 * 64))


def test_repair_symbols_beyond_use_are_not_kept() -> None:
    info = info_of(RAPTORQ, 640, 64)
    gather = Gather(info)
    for esi in range(info.k, info.k + 256):  # all the same: never enough to decode, or decoded to something
        gather.put(0, esi, bytes(64))
    assert gather.received <= info.k + 64


HOSTILE = [
    Info(RAPTORQ, 0, 1280, 0),
    Info(RAPTORQ, 1 << 40, 1280, (1 << 40) // 1280 + 1),
    Info(RAPTORQ, 4 << 20, 64, 65536),
    Info(RAPTORQ, 5000, 0, 1),
    Info(RAPTORQ, 5000, 7, 715),
    Info(RAPTORQ, 5000, 1284, 4),
    Info(RAPTORQ, 5000, 1416, 4),
    Info(RAPTORQ, 5000, 1280, 2),
    Info(REED_SOLOMON, 5000, 1280, 0, 10),
    Info(REED_SOLOMON, 5000, 1280, 11, 10),
    Info(REED_SOLOMON, 5000, 1280, 200, 256),
    Info(NO_CODE, 5000, 1280, 0),
    Info(NO_CODE, -1, 1280, 4),
    Info(NO_CODE, (4 << 20) + 1, 1280, 64),
    Info(NO_CODE, 5000, 1501, 4),
    Info(129, 5000, 1280, 4),
]


@pytest.mark.parametrize("info", HOSTILE, ids=str)
def test_numbers_out_of_bounds_are_refused_before_anything_is_made_of_them(info: Info) -> None:
    with pytest.raises(BadPacket, match="info"):
        Gather(info)
    with pytest.raises(BadPacket, match="info"):
        encode(b"", info, 1)
    for door in (raptor.Decoder, lambda info: raptor.repair_symbols(b"", info, 1)):
        with pytest.raises(BadPacket, match="info"):
            door(info)


@given(st.sampled_from([NO_CODE, REED_SOLOMON, RAPTORQ]), st.integers(1, 4 << 20), st.sampled_from([640, 1280, 1408]))
def test_object_information_is_read_as_written(fec: int, length: int, symbol: int) -> None:
    info = info_of(fec, length, symbol)
    assert read_info(fec, write_info(info)[2:]) == info


@given(st.sampled_from([NO_CODE, REED_SOLOMON, RAPTORQ]), st.binary(min_size=10, max_size=14))
def test_object_information_that_is_read_is_within_bounds(fec: int, body: bytes) -> None:
    try:
        info = read_info(fec, body)
    except BadPacket:
        return
    assert info.checked() is info


@given(st.integers(1, 70_000), st.integers(1, 1100))
def test_blocks_are_cut_as_rfc_5052_says(symbols: int, most: int) -> None:
    blocks = partition(symbols, most)
    number = -(-symbols // most)
    sizes = [blocks.symbols(sbn) for sbn in range(number)] if number < 500 else []
    assert blocks.number == number
    if sizes:
        assert sum(sizes) == symbols
        assert max(sizes) == -(-symbols // number) <= most
        assert min(sizes) == symbols // number
        assert sizes == sorted(sizes, reverse=True)
    for index in (0, symbols // 2, symbols - 1):
        sbn, esi = blocks.place(index)
        assert 0 <= esi < blocks.symbols(sbn)
        assert blocks.first(sbn) + esi == index


def test_the_field_is_that_of_rfc_5510() -> None:
    assert [int(x) for x in rs28.EXP[:10]] == [1, 2, 4, 8, 16, 32, 64, 128, 29, 58]
    assert rs28.PRODUCTS[2][0x80] == 0x1D
    for a in (1, 2, 77, 255):
        inverse = int(rs28.EXP[255 - rs28.LOG[a]])
        assert rs28.PRODUCTS[a][inverse] == 1
    assert rs28.PRODUCTS[0] == bytes(256)


def test_a_panic_of_the_package_is_a_bad_packet_and_an_interrupt_stays_one() -> None:
    with pytest.raises(BadPacket, match="symbol"):
        raptor._asked(lambda: raptorq.Decoder.with_defaults(0, 1280))

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        raptor._asked(interrupted)
