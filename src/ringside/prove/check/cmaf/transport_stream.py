"""A segment of MPEG-2 transport stream, read as far as a judge needs (ISO/IEC 13818-1 §2.4).

Bytes enter, facts leave: which tables stand where, which program, and whether an independent picture is inside.
Only the first packets of the tables and the video's payloads are looked at; whatever is broken is left unsaid.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from ringside.prove.check.cmaf.box_tree import TS_PACKET
from ringside.prove.check.cmaf.pictures import independent

SYNC = 0x47
VIDEO = {0x1B: "avc", 0x24: "hevc"}  # stream_type, ISO/IEC 13818-1 table 2-34
MAX_UNITS = 4096


@dataclass(slots=True)
class Transport:
    """A segment's facts. `first` are the PIDs of the first two packets; `independent` is None without H.264 or HEVC."""

    bad_sync: int = 0
    stray_bytes: int = 0
    first: tuple[int, ...] = ()
    programs: int = 0
    pmt_pid: int = -1
    has_pat: bool = False
    has_pmt: bool = False
    video_pid: int = -1
    codec: str = ""
    first_independent: bool | None = None
    independent: bool | None = None
    streams: dict[int, int] = field(default_factory=dict)
    """Stream type by PID."""


@lru_cache(maxsize=256)
def read_transport(data: bytes) -> Transport:
    """The facts of a segment."""
    found = Transport(stray_bytes=len(data) % TS_PACKET)
    video = bytearray()
    pids: list[int] = []
    for packet in _packets(data):
        if packet[0] != SYNC:
            found.bad_sync += 1
            continue
        pid, starts = int.from_bytes(packet[1:3], "big") & 0x1FFF, bool(packet[1] & 0x40)
        if len(pids) < 2:
            pids.append(pid)
        payload = _payload(packet)
        if pid == 0 and starts:
            _read_pat(found, payload)
        elif pid == found.pmt_pid and starts:
            _read_pmt(found, payload)
        elif pid == found.video_pid:
            video += payload
    found.first = tuple(pids)
    found.first_independent, found.independent = _pictures(found.codec, bytes(video))
    return found


def _packets(data: bytes) -> Iterator[memoryview]:
    view = memoryview(data)
    for at in range(0, len(data) - TS_PACKET + 1, TS_PACKET):
        yield view[at : at + TS_PACKET]


def _payload(packet: memoryview) -> memoryview:
    """Behind the header and the adaptation field (§2.4.3.3)."""
    control = packet[3] >> 4 & 3
    if not control & 1:
        return packet[:0]
    return packet[4 + (1 + packet[4] if control & 2 else 0) :]


def _section(payload: memoryview) -> bytes:
    """The body of the section that starts here, without header and CRC (§2.4.4)."""
    if not payload:
        return b""
    section = bytes(payload[1 + payload[0] :])
    length = int.from_bytes(section[1:3], "big") & 0x0FFF
    return section[8 : max(8, 3 + length - 4)]


def _read_pat(found: Transport, payload: memoryview) -> None:
    body = _section(payload)
    programs = [body[at : at + 4] for at in range(0, len(body) - 3, 4) if body[at : at + 2] != b"\0\0"]
    found.has_pat, found.programs = True, max(found.programs, len(programs))
    if programs and found.pmt_pid < 0:
        found.pmt_pid = int.from_bytes(programs[0][2:4], "big") & 0x1FFF


def _read_pmt(found: Transport, payload: memoryview) -> None:
    body = _section(payload)
    found.has_pmt = True
    at = 4 + (int.from_bytes(body[2:4], "big") & 0x0FFF)
    while at + 5 <= len(body):
        type, pid = body[at], int.from_bytes(body[at + 1 : at + 3], "big") & 0x1FFF
        found.streams[pid] = type
        if type in VIDEO and found.video_pid < 0:
            found.video_pid, found.codec = pid, VIDEO[type]
        at += 5 + (int.from_bytes(body[at + 3 : at + 5], "big") & 0x0FFF)


def _pictures(codec: str, stream: bytes) -> tuple[bool | None, bool | None]:
    """(whether the first picture is independent, whether any is): start codes, ITU-T H.264 annex B."""
    first: bool | None = None
    at = stream.find(b"\0\0\1") if codec else -1
    for _ in range(MAX_UNITS):
        if at < 0 or at + 3 >= len(stream):
            break
        verdict = independent(codec, iter([memoryview(stream)[at + 3 : at + 4]]))
        first = verdict if first is None else first
        if verdict:
            return first, True
        at = stream.find(b"\0\0\1", at + 3)
    return first, None if first is None else False
