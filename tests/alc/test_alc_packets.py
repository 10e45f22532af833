"""A packet is what was written, or it is refused with the reason that is counted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.alc import (
    NO_CODE,
    RAPTORQ,
    REED_SOLOMON,
    BadPacket,
    Mac,
    Packet,
    Rules,
    Window,
    info_of,
    lct,
    read,
    write,
)

MAC = Mac(b"k" * 32)
OWN = Rules(frozenset((1, 10)), 1280, 4 << 20, MAC)
FOREIGN = Rules(frozenset(), None, 4 << 20, None)
INFO = info_of(RAPTORQ, 5000, 1280)
MEDIA = Packet(10, 77, INFO, None, 0, 1_790_000_000_000_000, 0, 3, b"x" * 1280)


@st.composite
def drawn(draw: st.DrawFn) -> Packet:
    fec = draw(st.sampled_from([NO_CODE, REED_SOLOMON, RAPTORQ]))
    length = draw(st.integers(1, 1 << 20))
    info = info_of(fec, length, draw(st.sampled_from([256, 1280, 1408])))
    sbn, esi = info.blocks.place(draw(st.integers(0, info.k - 1)))
    size = info.last if fec == NO_CODE and info.blocks.first(sbn) + esi == info.k - 1 else info.symbol
    fdt = draw(st.none() | st.integers(0, 0xFFFFF))
    toi = draw(st.integers(1, 0xFFFFFFFF)) if fdt is None else 0
    coding = draw(st.integers(0, 3)) if fdt is not None else 0
    tsi, sn = draw(st.integers(0, 0xFFFFFFFF)), draw(st.integers(0, (1 << 64) - 1))
    symbol = draw(st.binary(min_size=1, max_size=1)) * size
    return Packet(tsi, toi, info, fdt, coding, sn, sbn, esi, symbol, draw(st.booleans()), fec, draw(st.booleans()))


def refused(data: bytes, rules: Rules) -> str:
    with pytest.raises(BadPacket) as caught:
        read(data, rules)
    return caught.value.reason


@given(drawn(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read(packet: Packet, signed: bool) -> None:
    mac = MAC if signed else None
    data = write(packet, mac)
    if signed and len(data) < 64:
        return
    got = read(data, FOREIGN._replace(mac=mac))
    assert got._replace(symbol=bytes(got.symbol)) == (packet if signed else packet._replace(sn=0))


@given(st.binary(max_size=120))
@settings(max_examples=300, deadline=None)
def test_whatever_is_read_writes_back_to_the_same(tail: bytes) -> None:
    start = write(MEDIA, None)[:40]
    for data in (tail, start[: len(tail) % 41] + tail):
        try:
            first = read(data, FOREIGN)
        except BadPacket:
            continue
        if first.tsi < 1 << 32 and first.toi < 1 << 32:
            assert read(write(first, None), FOREIGN) == first


def test_the_wire_is_as_documented() -> None:
    data = write(MEDIA, MAC)
    assert len(data) == 1344
    assert data[:20].hex() == "10a00f06" + "00000000" + "0000000a" + "0000004d" + "01071100"
    assert data[20:28] == MEDIA.sn.to_bytes(8, "big")
    assert data[44:60].hex() == "4004" + "0000001388" + "00" + "0500" + "01" + "0001" + "08" + "0000"
    assert data[60:64].hex() == "00000003"


def test_any_changed_bit_of_a_signed_packet_is_refused() -> None:
    data = write(MEDIA, MAC)
    for bit in [*range(100 * 8), *range(800, len(data) * 8, 97)]:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        assert refused(bytes(changed), OWN) in ("forged", "header", "tsi")


def test_a_packet_of_another_key_or_none_is_forged() -> None:
    assert refused(write(MEDIA, Mac(b"K" * 32)), OWN) == "forged"
    assert refused(write(MEDIA, None), OWN) == "forged"


def test_reasons_are_told_apart() -> None:
    good = write(MEDIA, MAC)
    assert refused(good[:63], OWN) == "length"
    assert refused(good + bytes(157), OWN) == "length"
    assert refused(b"\x20" + good[1:], OWN) == "header"
    assert refused(write(MEDIA._replace(tsi=11), MAC), OWN) == "tsi"
    assert refused(write(MEDIA._replace(info=None, fec=RAPTORQ), MAC), OWN) == "info"
    assert refused(write(MEDIA._replace(info=info_of(RAPTORQ, 5000, 1288), symbol=bytes(1288)), MAC), OWN) == "info"
    assert refused(good, OWN._replace(most_bytes=4999)) == "info"
    assert refused(write(MEDIA._replace(symbol=bytes(1279)), MAC), OWN) == "symbol"
    assert refused(write(MEDIA._replace(sbn=1), MAC), OWN) == "symbol"
    assert refused(write(MEDIA._replace(esi=INFO.k + 256), MAC), OWN) == "symbol"


def test_a_mac_is_looked_at_before_anything_behind_it() -> None:
    broken = bytearray(write(MEDIA, MAC))
    broken[46:51] = b"\xff" * 5  # the object's length
    assert refused(bytes(broken), OWN) == "forged"
    MAC.sign(broken)
    assert refused(bytes(broken), OWN) == "info"


@pytest.mark.parametrize(
    "extensions",
    [
        b"\x40\x00\x00\x00",  # no length at all
        b"\x02\xff\x00\x00",  # longer than the header
        b"\xc0\x20\x00\x01\xc0\x20\x00\x02",  # the FDT's twice
        b"\xc0\x20\x00\x01\xc1\x04\x00\x00",  # a coding that there is not
        b"\xc0\x00\x00\x01",  # FLUTE version 0
    ],
)
def test_extensions_that_are_none_are_refused(extensions: bytes) -> None:
    data = lct.write_header(1, 0, NO_CODE, extensions) + bytes(4) + b"symbol"
    assert refused(data, FOREIGN) == "header"


def test_unknown_extensions_are_skipped() -> None:
    unknown = b"\x07\x02" + bytes(6) + b"\xc8\x01\x02\x03" + b"\x00\x01\x00\x00" * 2
    got = read(lct.write_header(1, 5, NO_CODE, unknown) + bytes(4) + b"symbol", FOREIGN)
    assert (got.tsi, got.toi, got.info, bytes(got.symbol)) == (1, 5, None, b"symbol")


@pytest.mark.parametrize(
    ("flags", "tsi_bytes", "toi_bytes"), [(0x10, 2, 2), (0xB0, 6, 6), (0xE0, 4, 12), (0x70, 2, 14)]
)
def test_numbers_of_any_width_are_read(flags: int, tsi_bytes: int, toi_bytes: int) -> None:
    for control in range(4):
        numbers = bytes(4 + control * 4) + (9).to_bytes(tsi_bytes, "big") + ((1 << 8) + 1).to_bytes(toi_bytes, "big")
        head = bytes((0x10 | control << 2, flags, (4 + len(numbers)) // 4, NO_CODE)) + numbers
        header = lct.read_header(head)
        assert (header.tsi, header.toi, header.size) == (9, 257, len(head))


def test_a_packet_that_only_closes_has_no_symbol() -> None:
    got = read(write(Packet(1, 5, None, None, 0, 0, 0, 0, b"", closes=True), None), FOREIGN)
    assert got.closes
    assert not got.symbol
    assert refused(write(Packet(1, 5, None, None, 0, 0, 0, 0, b""), None), FOREIGN) == "symbol"


def test_a_sequence_number_is_new_once_and_for_three_seconds() -> None:
    window = Window()
    now = 1_790_000_000_000_000
    assert window.fresh(now)
    assert window.fresh(now - 2_000_000)
    assert not window.fresh(now)
    assert not window.fresh(now - 2_000_000)
    assert not window.fresh(now - 3_000_001)
    assert window.fresh(now + 1)


@given(st.lists(st.integers(1, 400), max_size=300))
def test_a_window_takes_exactly_what_is_new_and_within_the_span(numbers: list[int]) -> None:
    window = Window(span_us=50)
    taken: set[int] = set()
    for step, number in enumerate(numbers):
        sn = number + step  # rising, with much that is late and again
        new = sn > max(taken, default=0) - 50 and sn not in taken
        assert window.fresh(sn) == new
        taken |= {sn} if new else set()


def test_a_window_remembers_no_more_than_it_may_and_takes_nothing_twice() -> None:
    window = Window(span_us=1000, most=64)
    taken = []
    for n in range(20_000):
        taken += [sn for sn in (n + 1, n * 7 % (n + 50)) if window.fresh(sn)]
        assert len(window._young) + len(window._old) <= 64
    assert len(taken) == len(set(taken)) > 19_000
