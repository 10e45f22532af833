"""Rules on MPEG-2 transport stream segments of HLS (rfc8216bis §3.1.1): tables, packets, where decoding can start.

Streams enter, findings leave. Transport streams are never judged as CMAF, nor the other way round.
"""

from collections.abc import Iterator

from ringside.prove.check.cmaf.box_tree import kind
from ringside.prove.check.cmaf.opened import Stream, answered, label, promised_independent
from ringside.prove.check.cmaf.transport_stream import Transport, read_transport
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import HlsStream, Media

CLAUSE = "rfc8216bis §3.1.1"
PACKETS = Rule(
    "hls.ts-packets", "MUST", "ISO/IEC 13818-1 §2.4.3.2", "A transport stream is whole packets of 188 bytes."
)
TABLES = Rule("hls.ts-tables", "MUST", CLAUSE, "Each segment holds a PAT and a PMT, or has an EXT-X-MAP.")
FIRST = Rule("hls.ts-tables-first", "SHOULD", CLAUSE, "The first two packets of a segment are a PAT and a PMT.")
ONE_PROGRAM = Rule("hls.ts-one-program", "MUST", CLAUSE, "A segment holds a single program.")
KEY = Rule("hls.ts-key-frame", "SHOULD", "rfc8216bis §3", "A segment with H.264 video contains an IDR picture.")
STARTS = Rule(
    "hls.ts-starts-independent",
    "MUST",
    "rfc8216bis §4.4.2.1",
    "With EXT-X-INDEPENDENT-SEGMENTS, the video of each segment starts with an independent picture.",
)


def packets(stream: Stream) -> Iterator[Finding]:
    """Nothing cut off, every packet in step."""
    for media, it in _segments(stream):
        if it.bad_sync or it.stray_bytes:
            seen = f"{label(media)}: {it.bad_sync} packets out of step, {it.stray_bytes} bytes left over"
            yield PACKETS.broken(media.name, seen, "packets of 188 bytes that begin with 0x47")


def tables(stream: Stream) -> Iterator[Finding]:
    """A player can begin at any segment."""
    for media, it in _segments(stream):
        if not media.init and not (it.has_pat and it.has_pmt):
            missing = "PMT" if it.has_pat else "PAT"
            yield TABLES.broken(media.name, f"{label(media)} has no {missing}", "PAT and PMT")


def tables_first(stream: Stream) -> Iterator[Finding]:
    """Before anything that needs them."""
    for media, it in _segments(stream):
        if not media.init and it.has_pat and it.has_pmt and media.starts_segment and it.first != (0, it.pmt_pid):
            seen = f"{label(media)} starts with PIDs {', '.join(map(str, it.first))}"
            yield FIRST.broken(media.name, seen, f"0, {it.pmt_pid}")


def one_program(stream: Stream) -> Iterator[Finding]:
    """HLS knows no choice of programs."""
    for media, it in _segments(stream):
        if it.programs > 1:
            yield ONE_PROGRAM.broken(media.name, f"{label(media)}: {it.programs} programs", "1")


def key_frame(stream: Stream) -> Iterator[Finding]:
    """Otherwise a player that joins here shows nothing."""
    for media, it in _segments(stream):
        if media.part is None and it.independent is False:
            yield KEY.broken(media.name, f"{label(media)} has none", "an IDR picture")


def starts_independent(stream: Stream) -> Iterator[Finding]:
    """What the multivariant or media playlist promises of all segments."""
    promised = promised_independent(stream)
    for media, it in _segments(stream):
        if media.starts_segment and media.name in promised and it.first_independent is False:
            yield STARTS.broken(media.name, f"{label(media)} starts with another picture", "an independent picture")


def _segments(stream: Stream) -> Iterator[tuple[Media, Transport]]:
    for media in answered(stream):
        if isinstance(stream, HlsStream) and kind(media.fetch.body) == "ts":
            yield media, read_transport(media.fetch.body)


JUDGES = (packets, tables, tables_first, one_program, key_frame, starts_independent)
