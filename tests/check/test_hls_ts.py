"""Rules on transport stream segments: a segment built packet by packet, and each rule broken in one of them."""

from collections.abc import Sequence

import media_streams as made
import pytest
from media_streams import broken

from ringside.flow.mux.hls import MediaPlaylist
from ringside.prove.check.cmaf import boxes
from ringside.prove.check.finding import gather
from ringside.prove.check.hls import ts as rules
from ringside.prove.check.seen import HlsStream, Media, Version

PMT_PID, VIDEO_PID = 0x1000, 0x100
IDR, OTHER, SPS = b"\0\0\0\1\x65abc", b"\0\0\1\x41abc", b"\0\0\0\1\x67abc"


def packet(pid: int, payload: bytes, starts: bool = True) -> bytes:
    """A packet of 188 bytes; what is missing is stuffed into the adaptation field."""
    room = 184 - len(payload)
    stuffing = b"" if not room else bytes([room - 1]) + (b"\0" + b"\xff" * (room - 2) if room > 1 else b"")
    control = 0x30 if room else 0x10
    return bytes([0x47, pid >> 8 | (0x40 if starts else 0), pid & 0xFF, control]) + stuffing + payload


def section(table: int, body: bytes) -> bytes:
    length = 5 + len(body) + 4
    return bytes([0, table, 0xB0 | length >> 8, length & 0xFF, 0, 1, 0xC1, 0, 0]) + body + bytes(4)


def pat(*pids: int) -> bytes:
    return packet(0, section(0, b"".join(bytes([0, n, 0xE0 | pid >> 8, pid & 0xFF]) for n, pid in enumerate(pids, 1))))


def pmt(stream_type: int = 0x1B) -> bytes:
    body = bytes([0xE1, 0, 0xF0, 0, stream_type, 0xE1, 0, 0xF0, 0])
    return packet(PMT_PID, section(2, body))


def pes(*units: bytes) -> bytes:
    return packet(VIDEO_PID, b"\0\0\1\xe0\0\0\x80\0\0" + b"".join(units))


def stream(segments: Sequence[bytes], multivariant: str = "", init: bytes = b"") -> HlsStream:
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + "".join(f"#EXTINF:2,\n{n}.ts\n" for n in range(len(segments)))
    parsed = MediaPlaylist.parse(multivariant + text if multivariant else text)
    version = Version("live", made.fetch("http://x/live", text.encode()), parsed, parsed)
    media = tuple(Media("live", n, None, made.fetch(f"http://x/{n}.ts", it), init) for n, it in enumerate(segments))
    return HlsStream("http://x/live", None, {"live": (version,)}, media, ())


GOOD = pat(PMT_PID) + pmt() + pes(SPS, IDR) + pes(OTHER)


def test_a_good_segment_breaks_no_rule_and_is_not_taken_for_cmaf() -> None:
    assert gather(f for judge in (*boxes.JUDGES, *rules.JUDGES) for f in judge(stream([GOOD, GOOD]))) == []


@pytest.mark.parametrize("bad", [GOOD[:-1], GOOD[:376] + b"\0" + GOOD[377:], GOOD + b"x"])
def test_packets_are_whole(bad: bytes) -> None:
    assert broken(rules.packets, stream([bad])) == {"hls.ts-packets"}


@pytest.mark.parametrize("bad", [pmt() + pes(IDR), pat(PMT_PID) + pes(IDR)], ids=["no PAT", "no PMT"])
def test_every_segment_has_its_tables(bad: bytes) -> None:
    assert broken(rules.tables, stream([GOOD, bad])) == {"hls.ts-tables"}
    assert broken(rules.tables, stream([bad], init=pat(PMT_PID) + pmt())) == set()  # EXT-X-MAP


def test_tables_come_first() -> None:
    assert broken(rules.tables_first, stream([pes(OTHER) + GOOD])) == {"hls.ts-tables-first"}
    assert broken(rules.tables_first, stream([GOOD])) == set()


def test_there_is_one_program() -> None:
    assert broken(rules.one_program, stream([pat(PMT_PID, 0x1001) + pmt() + pes(IDR)])) == {"hls.ts-one-program"}


def test_a_segment_has_a_key_frame() -> None:
    assert broken(rules.key_frame, stream([pat(PMT_PID) + pmt() + pes(OTHER)])) == {"hls.ts-key-frame"}
    assert broken(rules.key_frame, stream([GOOD, pat(PMT_PID) + pmt() + pes(OTHER, IDR)])) == set()
    assert broken(rules.key_frame, stream([pat(PMT_PID) + pmt(0x0F) + pes(OTHER)])) == set()  # sound alone


def test_a_key_frame_may_lie_across_packets() -> None:
    split = (
        pat(PMT_PID) + pmt() + packet(VIDEO_PID, b"\0\0\1\xe0\0\0\x80\0\0\0\0") + packet(VIDEO_PID, b"\1\x65a", False)
    )
    assert broken(rules.key_frame, stream([split])) == set()


def test_independent_segments_start_with_an_independent_picture() -> None:
    late = pat(PMT_PID) + pmt() + pes(OTHER, IDR)
    assert broken(rules.starts_independent, stream([late])) == set()
    promised = stream([late])
    text = "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n0.ts\n"
    parsed = MediaPlaylist.parse(text)
    version = Version("live", made.fetch("http://x/live", text.encode()), parsed, parsed)
    promised = HlsStream(promised.url, None, {"live": (version,)}, promised.media, ())
    assert broken(rules.starts_independent, promised) == {"hls.ts-starts-independent"}
