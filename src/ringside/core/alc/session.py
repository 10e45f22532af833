"""A FLUTE session received: packets in, files out. Generic: any sender's, without a MAC.

What enters: datagrams of one session, in any order. What leaves: files with their bytes, each once, as soon as its
object is whole and an FDT has named it, whichever comes first. Everything held is bounded by Limits, the oldest goes
first, and each packet not used is counted by its reason in `counts`. Ringside's own gateway does not use it: it needs
no FDT.
"""

from collections import Counter
from dataclasses import dataclass, field

from ringside.core.alc.fdt import CONTENT_CODINGS, MOST_FDT_BYTES, BadFdt, File, inflated, read_fdt
from ringside.core.alc.fec import Gather, Symbol
from ringside.core.alc.fti import MOST_BYTES, Info
from ringside.core.alc.lct import BadPacket
from ringside.core.alc.packet import CODINGS, Packet, Rules, read

Key = tuple[int, int]  # TOI and, for the FDT, its instance; else -1


@dataclass(frozen=True, slots=True)
class Limits:
    """Of what a session holds: bytes of an object and of all, objects open, objects and names remembered, symbols of an
    object kept before anything says how it is cut."""

    object_bytes: int = MOST_BYTES
    all_bytes: int = 64 << 20
    objects: int = 64
    remembered: int = 2048
    early: int = 1024


@dataclass(slots=True)
class _Object:
    gather: Gather | None = None
    early: list[tuple[int, int, Symbol, int]] = field(default_factory=list)  # SBN, ESI, symbol, FEC encoding ID
    held: int = 0  # bytes

    @property
    def data(self) -> bytes | None:
        return None if self.gather is None else self.gather.data


class Session:
    """One session (`tsi`) of one sender. `counts`: packets, files, and what was dropped, by reason."""

    def __init__(self, tsi: int, limits: Limits | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.held_bytes = 0
        self._limits = limits or Limits()
        self._rules = Rules(frozenset((tsi,)), None, self._limits.object_bytes, None)
        self._open: dict[Key, _Object] = {}
        self._done: dict[Key, None] = {}
        self._files: dict[int, File] = {}

    def __repr__(self) -> str:
        return f"<Session: {len(self._open)} objects open, {self.held_bytes} bytes held, {self.counts['files']} files>"

    def take(self, data: bytes) -> list[tuple[File, bytes]]:
        """The files that this datagram makes whole, their content coding taken off; never raises."""
        self.counts["packets"] += 1
        try:
            return self._take(read(data, self._rules))
        except BadPacket as bad:
            self.counts[bad.reason] += 1
        except BadFdt:
            self.counts["fdt"] += 1
        return []

    def _take(self, packet: Packet) -> list[tuple[File, bytes]]:
        key = (packet.toi, -1 if packet.fdt is None else packet.fdt)
        if not packet.symbol:
            return []
        if key in self._done:
            self.counts["duplicate"] += 1
            return []
        held = self._open.get(key) or self._new(key)
        self._put(key, held, packet)
        if held.data is None or key not in self._open:
            return []
        if packet.fdt is not None:
            return self._table(key, held.data, CODINGS[packet.coding])
        return self._delivered(key, held.data)

    def _new(self, key: Key) -> _Object:
        while len(self._open) >= self._limits.objects:
            self._drop(next(iter(self._open)), "full")
        held = self._open[key] = _Object()
        return held

    def _drop(self, key: Key, reason: str = "") -> None:
        self.held_bytes -= self._open.pop(key).held
        if reason:
            self.counts[reason] += 1

    def _put(self, key: Key, held: _Object, packet: Packet) -> None:
        """Into its object's Gather; where nothing tells how the object is cut, aside."""
        if held.gather is None:
            info = packet.info or self._told(packet.toi, packet.fec)
            if info is None:
                self._aside(key, held, packet)
                return
            held.gather = self._gather(held, info)
        elif packet.info not in (None, held.gather.info) or packet.fec != held.gather.info.fec:
            raise BadPacket("info")
        held.gather.put(packet.sbn, packet.esi, packet.symbol)
        self._weigh(key, held)

    def _told(self, toi: int, fec: int) -> Info | None:
        """What an FDT says of the object, where it speaks of the same FEC."""
        file = self._files.get(toi)
        return file.info if file is not None and file.info is not None and file.info.fec == fec else None

    def _gather(self, held: _Object, info: Info) -> Gather:
        gather = Gather(info)
        for sbn, esi, symbol, fec in held.early:
            try:
                if fec == info.fec:
                    gather.put(sbn, esi, symbol)
            except BadPacket as bad:
                self.counts[bad.reason] += 1
        held.early = []
        return gather

    def _aside(self, key: Key, held: _Object, packet: Packet) -> None:
        if key[0] == 0 or len(held.early) >= self._limits.early:
            raise BadPacket("info")
        held.early.append((packet.sbn, packet.esi, packet.symbol, packet.fec))
        self._weigh(key, held)

    def _weigh(self, key: Key, held: _Object) -> None:
        """Count what the object holds now; where all hold too much, the oldest go."""
        data = held.data
        if held.gather is None:
            now = sum(len(symbol) for _, _, symbol, _ in held.early[-1:]) + held.held
        else:
            now = held.gather.kept_bytes if data is None else len(data)
        self.held_bytes += now - held.held
        held.held = now
        while self.held_bytes > self._limits.all_bytes and self._open:
            self._drop(next(iter(self._open)), "full")

    def _finish(self, key: Key) -> None:
        self._drop(key)
        self._done[key] = None
        if len(self._done) > self._limits.remembered:
            del self._done[next(iter(self._done))]

    def _table(self, key: Key, data: bytes, coding: str) -> list[tuple[File, bytes]]:
        """An FDT instance is whole: its files get their names, and those that waited for theirs are delivered."""
        self._finish(key)
        files = read_fdt(inflated(data, CONTENT_CODINGS[coding], MOST_FDT_BYTES))
        self.counts["tables"] += 1
        out: list[tuple[File, bytes]] = []
        for file in files:
            self._files[file.toi] = file
            while len(self._files) > self._limits.remembered:
                del self._files[next(iter(self._files))]
            out += self._named(file)
        return out

    def _named(self, file: File) -> list[tuple[File, bytes]]:
        key = (file.toi, -1)
        held = self._open.get(key)
        if held is None:
            return []
        if held.gather is None and file.info is not None and any(early[3] == file.info.fec for early in held.early):
            held.gather = self._gather(held, file.info)
            self._weigh(key, held)
        return [] if held.data is None or key not in self._open else self._delivered(key, held.data)

    def _delivered(self, key: Key, data: bytes) -> list[tuple[File, bytes]]:
        """The file with its bytes, if an FDT has named it and tells the same length."""
        file = self._files.get(key[0])
        if file is None:
            return []
        self._finish(key)
        if file.length != len(data):
            raise BadPacket("info")
        content = inflated(data, CONTENT_CODINGS[file.encoding], self._limits.object_bytes)
        self.counts["files"] += 1
        return [(file, content)]
