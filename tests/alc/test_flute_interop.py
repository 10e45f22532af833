"""FLUTE with other hands: flute-alc's sender to our Session, our packets to its receiver, whole and with losses."""

import random
import zlib
from collections.abc import Iterable
from pathlib import Path

import flute_peer
import pytest
from flute_peer import TSI

from ringside.core.alc import (
    NO_CODE,
    RAPTORQ,
    REED_SOLOMON,
    File,
    Mac,
    Packet,
    Rules,
    Session,
    encode,
    info_of,
    read,
    write,
    write_fdt,
)
from ringside.core.alc.outgoing import packets, table

SIZES = (1, 700, 1280, 9_000, 25_600, 50_001, 166_000)
EXPIRES = 4_294_967_295


def objects(seed: int) -> dict[str, bytes]:
    rng = random.Random(seed)
    return {f"http://origin/live/main/v720/{seed}.{i}.m4s": rng.randbytes(size) for i, size in enumerate(SIZES)}


def dropped(datagrams: Iterable[bytes], seed: int, share: float = 0.05) -> list[bytes]:
    rng = random.Random(seed)
    return [datagram for datagram in datagrams if rng.random() >= share]


def taken(datagrams: Iterable[bytes]) -> tuple[dict[str, bytes], Session]:
    session = Session(TSI)
    return {file.location: data for each in datagrams for file, data in session.take(each)}, session


def ours(files: dict[str, bytes], fec: int, repair_percent: int, in_table: bool = False) -> list[bytes]:
    named = []
    for toi, (location, data) in enumerate(files.items(), 1 << 20):
        named.append((File(location, toi, len(data), "video/mp4", info=info_of(fec, len(data), 1280)), data))
    told = [File(f.location, f.toi, f.length, f.content_type, info=f.info if in_table else None) for f, _ in named]
    return list(packets(TSI, named, repair_percent, table(TSI, told, 1, EXPIRES)))


@pytest.mark.parametrize("fec", ["no-code", "Reed-Solomon"])
def test_files_of_flute_alc_arrive_byte_for_byte(fec: str) -> None:
    files = objects(1)
    got, session = taken(flute_peer.sent(files, fec))
    assert got == files
    assert session.held_bytes == 0


def test_files_of_flute_alc_arrive_in_any_order_of_packets() -> None:
    files = objects(2)
    datagrams = flute_peer.sent(files, "Reed-Solomon")
    random.Random(2).shuffle(datagrams)
    assert taken(datagrams)[0] == files


def test_reed_solomon_of_flute_alc_mends_five_percent_of_loss() -> None:
    files = objects(3)
    datagrams = flute_peer.sent(files, "Reed-Solomon")
    kept = dropped(datagrams, seed=3)
    assert len(kept) < len(datagrams)
    assert taken(kept)[0] == files


def test_a_carousel_of_flute_alc_without_a_code_is_whole_after_some_rounds() -> None:
    files = objects(4)
    once = flute_peer.sent(files, "no-code")
    assert taken(dropped(once, seed=4))[0] != files
    assert taken(dropped(once * 4, seed=4))[0] == files


@pytest.mark.parametrize("in_table", [False, True], ids=["by each packet", "by FDT too"])
@pytest.mark.parametrize("fec", [NO_CODE, REED_SOLOMON, RAPTORQ])
def test_flute_alc_receives_our_files_byte_for_byte(fec: int, in_table: bool, tmp_path: Path) -> None:
    files = objects(5)
    assert sorted(flute_peer.received(ours(files, fec, 10, in_table), tmp_path)) == sorted(files.values())


@pytest.mark.parametrize("fec", [REED_SOLOMON, RAPTORQ])
def test_flute_alc_mends_five_percent_of_loss_with_our_repair_symbols(fec: int, tmp_path: Path) -> None:
    files = objects(6)
    datagrams = ours(files, fec, 25)
    head, media = datagrams[:1], datagrams[1:]
    kept = dropped(media, seed=6)
    assert len(kept) < len(media)
    assert sorted(flute_peer.received(head + kept, tmp_path)) == sorted(files.values())


def test_flute_alc_is_whole_by_our_carousel_without_a_code(tmp_path: Path) -> None:
    files = objects(7)
    kept = dropped(ours(files, NO_CODE, 0) * 4, seed=7)
    assert sorted(flute_peer.received(kept, tmp_path)) == sorted(files.values())


def signed(files: dict[str, bytes], mac: Mac) -> list[list[bytes]]:
    """As the sender sends them: every packet signed, before each object a table of the last six; a list an object."""
    told: list[File] = []
    out: list[list[bytes]] = []
    sn = 0
    for toi, (location, data) in enumerate(files.items(), 1 << 20):
        info = info_of(RAPTORQ, len(data), 1280)
        told = [*told[-5:], File(location, toi, len(data), "video/mp4")]
        xml = zlib.compress(write_fdt(told, EXPIRES), 9)
        table_info = info_of(NO_CODE, len(xml), 1280)
        symbols = [(0, table_info, toi, 1, *each) for each in encode(xml, table_info, 0)]
        symbols += [(toi, info, None, 0, *each) for each in encode(data, info, max(2, info.k // 8))]
        made = []
        for number, of, instance, coding, sbn, esi, symbol in symbols:
            sn += 70
            made.append(write(Packet(TSI, number, of, instance, coding, sn, sbn, esi, symbol), mac))
        out.append(made)
    return out


def test_a_signed_session_is_a_flute_session_to_flute_alc(tmp_path: Path) -> None:
    files = objects(8)
    mac = Mac(b"k" * 32)
    datagrams = [each for one in signed(files, mac) for each in one]
    rules = Rules(frozenset((TSI,)), 1280, 4 << 20, mac)
    assert all(read(each, rules).tsi == TSI for each in datagrams)
    assert sorted(flute_peer.received(datagrams, tmp_path)) == sorted(files.values())


def test_a_signed_session_needs_no_table_of_its_own_once_a_later_one_came(tmp_path: Path) -> None:
    files = objects(9)
    sessions = signed(files, Mac(b"k" * 32))
    kept = [each for n, one in enumerate(sessions) for each in (one[1:] if n < len(sessions) - 1 else one)]
    got = flute_peer.received(kept, tmp_path)
    assert sorted(got) == sorted(list(files.values())[-6:])
