"""Aligner: finds whole MPEG-TS packets in whatever bytes arrive, and notices when the programme changes.

Pure. Bytes enter; whole packets of 188 bytes leave, cut where a programme map differs from the one before.
Bytes that belong to no packet are counted as `garbage`. ISO/IEC 13818-1 clauses 2.4.3 and 2.4.4.
"""

PACKET = 188
SYNC = 0x47
_PAT_PID, _PAT_TABLE, _PMT_TABLE = 0, 0x00, 0x02
Programme = tuple[tuple[int, int], ...]  # (stream type, PID) of each stream


class Aligner:
    """Give it what arrives with `feed`; it gives back packets."""

    def __init__(self) -> None:
        self.packets = 0
        self.garbage = 0
        self._rest = b""
        self._pat = b""
        self._map_pid = -1
        self._programme: Programme | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Runs of whole packets. Each run after the first belongs to a programme that has changed."""
        data = self._rest + data
        runs, run, at = [], bytearray(), 0
        while at + PACKET <= len(data):
            if not _is_packet(data, at):
                at = self._skip(data, at)
                continue
            packet = data[at : at + PACKET]
            if self._changes(packet):
                runs.append(bytes(run))
                run = bytearray(self._pat)
            run += packet
            self.packets += 1
            at += PACKET
        self._rest = data[at:]
        return [*runs, bytes(run)]

    def cut(self) -> None:
        """What comes from here on is of another sender, whose programme has not been seen."""
        self._rest = self._pat = b""
        self._map_pid, self._programme = -1, None

    def _skip(self, data: bytes, at: int) -> int:
        """The next place where a packet may begin."""
        found = data.find(SYNC, at + 1)
        while found >= 0 and not _is_packet(data, found):
            found = data.find(SYNC, found + 1)
        found = len(data) if found < 0 else found
        self.garbage += found - at
        return found

    def _changes(self, packet: bytes) -> bool:
        """Whether this packet carries a programme map that differs from the last one."""
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        if pid not in (_PAT_PID, self._map_pid) or not packet[1] & 0x40:
            return False
        section = _section(packet)
        if pid == _PAT_PID:
            self._read_pat(packet, section)
            return False
        programme = _programme(section)
        if programme is None or programme == self._programme:
            return False
        before, self._programme = self._programme, programme
        return before is not None

    def _read_pat(self, packet: bytes, section: bytes) -> None:
        """Follow the first programme (number 0 is the network's own table)."""
        if section[:1] != bytes((_PAT_TABLE,)):
            return
        end = 3 + ((section[1] & 0x0F) << 8 | section[2]) - 4
        for entry in range(8, min(end, len(section) - 3), 4):
            if section[entry] or section[entry + 1]:
                self._map_pid = (section[entry + 2] & 0x1F) << 8 | section[entry + 3]
                self._pat = packet
                return


def _is_packet(data: bytes, at: int) -> bool:
    """A sync byte, and another one packet on where that much has arrived."""
    return data[at] == SYNC and (at + PACKET >= len(data) or data[at + PACKET] == SYNC)


def _section(packet: bytes) -> bytes:
    """The section that begins in this packet; empty when none whole does."""
    at = 4
    if packet[3] & 0x20:
        at += 1 + packet[4]
    if not packet[3] & 0x10 or at >= PACKET:
        return b""
    at += 1 + packet[at]
    section = packet[at:]
    return section if len(section) >= 12 else b""


def _programme(section: bytes) -> Programme | None:
    """The streams that a programme map lists; None for anything else, or a map longer than its packet."""
    if not section or section[0] != _PMT_TABLE or not section[5] & 1:
        return None
    end = 3 + ((section[1] & 0x0F) << 8 | section[2]) - 4
    if end > len(section):
        return None
    at = 12 + ((section[10] & 0x0F) << 8 | section[11])
    streams = []
    while at + 5 <= end:
        streams.append((section[at], (section[at + 1] & 0x1F) << 8 | section[at + 2]))
        at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
    return tuple(streams)
