"""Hostile sessions: nothing breaks, nothing grows, no name escapes."""

import gzip
import zlib

import pytest

from fuzz import fuzz
from ringside.core.alc import (
    NO_CODE,
    RAPTORQ,
    REED_SOLOMON,
    BadFdt,
    BadLocation,
    File,
    Limits,
    Packet,
    Session,
    encode,
    inflated,
    info_of,
    lct,
    name_of,
    read_fdt,
    write,
    write_fdt,
)
from ringside.core.alc.outgoing import packets, table

GOOD = 'Content-Location="/a" TOI="1" Transfer-Length="5" '
FILES = [
    File("http://origin:8080/live/main/v720/1.0.m4s", 1, 50_000, "video/mp4", "", info_of(RAPTORQ, 50_000, 1280)),
    File("/live/main/a&b.m4s", (1 << 112) - 1, 700, "", "gzip", info_of(REED_SOLOMON, 700, 1280)),
    File("live/c.m4s", 3, 9, "text/plain", "", info_of(NO_CODE, 9, 64)),
    File("/d", 4, 4 << 20),
]


def test_a_hundred_thousand_hostile_inputs_break_nothing() -> None:
    seed = 20_261_123
    report = fuzz(100_000, seed)
    assert report.failures == [], str(report)
    assert report.inputs == 100_000
    assert report.taken > 20_000, str(report)
    assert report.objects > 1000, str(report)
    assert {"length", "header", "tsi", "forged", "info", "symbol", "full", "BadFdt"} <= set(report.dropped), str(report)


def test_a_table_is_read_as_written() -> None:
    assert read_fdt(write_fdt(FILES, 4_000_000_000)) == FILES


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<FDT-Instance>",
        b"<html/>",
        b'<!DOCTYPE FDT-Instance [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><FDT-Instance>&b;</FDT-Instance>',
        b'<!DOCTYPE FDT-Instance SYSTEM "file:///etc/passwd"><FDT-Instance/>',
        b'<?xml version="1.0" encoding="utf-77"?><FDT-Instance/>',
        b"<FDT-Instance>" + b"<File/>" * 513 + b"</FDT-Instance>",
        b"<FDT-Instance>" + b" " * (64 << 10) + b"</FDT-Instance>",
    ],
)
def test_a_table_that_is_none_is_refused(xml: bytes) -> None:
    with pytest.raises(BadFdt):
        read_fdt(xml)


@pytest.mark.parametrize(
    "attributes",
    [
        'TOI="1" Transfer-Length="5"',
        'Content-Location="/a" Transfer-Length="5"',
        'Content-Location="/a" TOI="1"',
        'Content-Location="/a" TOI="0" Transfer-Length="5"',
        'Content-Location="/a" TOI="-1" Transfer-Length="5"',
        'Content-Location="/a" TOI="١" Transfer-Length="5"',
        'Content-Location="/a" TOI="1" Transfer-Length="4194305"',
        'Content-Location="../a" TOI="1" Transfer-Length="5"',
        'Content-Location="/a" TOI="1" Transfer-Length="5" Content-Encoding="br"',
        GOOD + 'FEC-OTI-FEC-Encoding-ID="6" FEC-OTI-Encoding-Symbol-Length="0"',
        GOOD
        + 'FEC-OTI-FEC-Encoding-ID="6" FEC-OTI-Encoding-Symbol-Length="1280" FEC-OTI-Scheme-Specific-Info="AgABCA=="',
        GOOD + 'FEC-OTI-FEC-Encoding-ID="5" FEC-OTI-Encoding-Symbol-Length="64"',
    ],
)
def test_a_file_out_of_bounds_is_left_out_and_the_others_are_kept(attributes: str) -> None:
    good = '<File Content-Location="/b" TOI="2" Transfer-Length="5"/>'
    xml = f"<FDT-Instance><File {attributes}/>{good}</FDT-Instance>".encode()
    assert read_fdt(xml) == [File("/b", 2, 5)]


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("http://origin:8080/live/main/v720/12.3.m4s", "/live/main/v720/12.3.m4s"),
        ("https://[::1]:8443/live/a.m4s", "/live/a.m4s"),
        ("/live/a%20b.m4s", "/live/a%20b.m4s"),
        ("live/a..b.m4s", "/live/a..b.m4s"),
    ],
)
def test_a_location_is_a_path_whatever_its_origin(location: str, name: str) -> None:
    assert name_of(location) == name


@pytest.mark.parametrize(
    "location",
    [
        "", "/", "//host/a", "http://origin", "http://origin/", "http:///a", "http://u@origin/a", "file:///etc/passwd",
        "ftp://o/a", "javascript:alert(1)", "c:\\a", "/a\\b", "/a//b", "/a/", "/../a", "/a/..", "/a/../b", "/./a", "..",
        "/%2e%2e/a", "/%2E./a", "/a%2fb", "/a%5Cb", "/a%00", "/a%0d%0ab", "/a%", "/a%2", "/a%252e", "/a\0", "/a\nb",
        "/a b", "/ä", "/a?b", "/a#b", "/" + "a" * 1024, "http://o/../a",
    ],
)  # fmt: skip
def test_a_location_that_might_lead_elsewhere_is_refused(location: str) -> None:
    with pytest.raises(BadLocation):
        name_of(location)


def test_a_small_table_that_inflates_to_much_is_refused_without_being_inflated() -> None:
    bomb = zlib.compress(bytes(50 << 20), 9)
    assert len(bomb) < 60_000
    with pytest.raises(BadFdt):
        inflated(bomb, 15, 64 << 10)
    session = Session(7)
    info = info_of(NO_CODE, len(bomb), 1280)
    for sbn, esi, symbol in encode(bomb, info, 0):
        assert session.take(write(Packet(7, 0, info, 1, 1, 0, sbn, esi, symbol), None)) == []
    assert session.counts["fdt"] == 1


def test_a_session_holds_no_more_than_its_limits_and_the_oldest_goes_first() -> None:
    limits = Limits(all_bytes=100_000, objects=8)
    session = Session(7, limits)
    for toi in range(1, 500):
        info = info_of(NO_CODE, 4 << 20, 1280)
        for esi in range(20):
            session.take(write(Packet(7, toi, info, None, 0, 0, 0, esi, bytes(1280)), None))
            assert session.held_bytes <= limits.all_bytes
    assert session.counts["full"] > 400
    data = bytes(range(250)) * 40
    file = File("/live/a.m4s", 1000, len(data), info=info_of(RAPTORQ, len(data), 1280))
    got = [found for each in packets(7, [(file, data)], 0, table(7, [file], 1, 0)) for found in session.take(each)]
    assert got == [(file, data)]


def test_symbols_that_come_before_anything_tells_how_they_are_cut_are_kept_for_the_table() -> None:
    data = bytes(range(256)) * 30
    file = File("/live/a.m4s", 5, len(data), info=info_of(RAPTORQ, len(data), 1280))
    session = Session(7)
    for sbn, esi, symbol in encode(data, file.info, 3)[2:]:
        bare = Packet(7, 5, None, None, 0, 0, sbn, esi, symbol, fec=RAPTORQ)
        assert session.take(write(bare, None)) == []
    assert [found for each in table(7, [file], 1, 0) for found in session.take(each)] == [(file, data)]
    assert session.held_bytes == 0


def test_an_object_whose_packets_disagree_keeps_to_the_first() -> None:
    data = bytes(range(256)) * 30
    info, other = info_of(RAPTORQ, len(data), 1280), info_of(RAPTORQ, len(data) - 1, 1280)
    session = Session(7)
    file = File("/live/a.m4s", 5, len(data), info=info)
    got = []
    for n, each in enumerate(packets(7, [(file, data)], 0, table(7, [file], 1, 0))):
        got += session.take(each)
        if n == 2:
            session.take(write(Packet(7, 5, other, None, 0, 0, 0, 4, bytes(1280)), None))
    assert got == [(file, data)]
    assert session.counts["info"] == 1


def test_a_file_with_a_content_coding_is_delivered_plain() -> None:
    plain = b"ringside " * 5000
    data = zlib.compress(plain)
    file = File("/live/a.txt", 9, len(data), "text/plain", "zlib", info_of(NO_CODE, len(data), 64))
    session = Session(7)
    got = [found for each in packets(7, [(file, data)], 0, table(7, [file], 1, 0)) for found in session.take(each)]
    assert [content for _, content in got] == [plain]


def test_an_object_of_two_to_the_48_bytes_is_refused_by_packet_and_by_table() -> None:
    told = (
        bytes((64, 4)) + ((1 << 48) - 1).to_bytes(6, "big") + bytes(2) + (1280).to_bytes(2, "big") + bytes((0, 0, 4, 0))
    )
    session = Session(7)
    assert session.take(lct.write_header(7, 5, NO_CODE, told) + bytes(4) + bytes(1280)) == []
    assert session.counts["info"] == 1
    assert session.held_bytes == 0
    xml = f'<FDT-Instance><File Content-Location="/a" TOI="5" Transfer-Length="{1 << 48}"/></FDT-Instance>'
    assert read_fdt(xml.encode()) == []


def test_a_file_that_is_a_gzip_bomb_is_dropped_and_counted() -> None:
    bomb = gzip.compress(bytes(64 << 20), 6)
    file = File("/live/a.txt", 9, len(bomb), "", "gzip", info_of(RAPTORQ, len(bomb), 1280))
    session = Session(7)
    assert [
        found for each in packets(7, [(file, bomb)], 0, table(7, [file], 1, 0)) for found in session.take(each)
    ] == []
    assert session.counts["fdt"] == 1
    assert session.held_bytes == 0
