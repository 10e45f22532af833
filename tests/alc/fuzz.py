"""Hostile packets by the hundred thousand: random ones, mutated ones, and ones that a holder of the key signed.

`fuzz(n, seed)` feeds n inputs to whatever reads a datagram, an FDT or a name and reports what it took, what it
dropped and why, and every failure: an exception that is not of the codec's own kinds, a panic inside raptorq, more
memory held than allowed, a forged byte delivered, a name that escapes. The same seed gives the same inputs.
"""

import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ringside.core.alc import (
    NO_CODE,
    RAPTORQ,
    REED_SOLOMON,
    BadFdt,
    BadLocation,
    BadPacket,
    File,
    Gather,
    Limits,
    Mac,
    Packet,
    Rules,
    Session,
    encode,
    info_of,
    name_of,
    raptor,
    read,
    read_fdt,
    write,
    write_fdt,
)
from ringside.core.alc.auth import AT, SN_AT
from ringside.core.alc.outgoing import packets, table

TSI = 7
LIMITS = Limits(object_bytes=1 << 20, all_bytes=60_000, objects=16, remembered=64, early=64)
EDGES = (0, 1, 2, 3, 4, 7, 8, 15, 63, 64, 127, 128, 191, 192, 193, 254, 255)
NUMBERS = (0, 1, 255, 256, 0xFFFF, 1 << 22, (1 << 22) + 1, (1 << 24) - 1, 1 << 31, (1 << 32) - 1)
TEXTS = (
    "../../etc/passwd",
    "//x/y",
    "file:///etc/passwd",
    "http://o/a/%2e%2e/b",
    "/a\\b",
    "/a/./b",
    "/" * 900,
    "/a\0b",
)
TAGS = (
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"<File/>",
    b"&a;",
    b"</FDT-Instance>",
    b"\xff\xfe",
    b"<a>" * 300,
    b"TOI='-1'",
)


@dataclass
class Report:
    """What became of n inputs; `failures` is empty when all is well."""

    seed: int
    inputs: int = 0
    taken: int = 0
    objects: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    most_held_bytes: int = 0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        reasons = ", ".join(f"{reason} {count}" for reason, count in self.dropped.most_common())
        return (
            f"seed {self.seed}: {self.inputs} inputs, {self.taken} taken, {self.objects} objects whole, "
            f"at most {self.most_held_bytes} bytes held, {len(self.failures)} failures; dropped: {reasons}"
        )


class _Fuzz:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.report = Report(seed)
        self.mac = Mac(self.rng.randbytes(32))
        self.rules = Rules(frozenset((TSI,)), 1280, 1 << 20, self.mac)
        self.session = Session(TSI, LIMITS)
        self.foreign: dict[int, Gather] = {}  # what a holder of the key may send
        self.safe: dict[int, Gather] = {}  # what our sender sends, among forgeries
        self.originals = {toi: self.rng.randbytes(self.rng.choice((1, 900, 1280, 6000, 40_000))) for toi in range(1, 9)}
        self.plain = self._plain()
        self.signed = self._signed()
        self.xml = write_fdt([File(f"/live/a/{i}.m4s", i, 5000) for i in range(1, 6)], 1 << 32)

    def _new_session(self) -> None:
        self.report.dropped.update(self.session.counts)
        self.session = Session(TSI, LIMITS)

    def _plain(self) -> list[bytes]:
        made = []
        for toi, data in self.originals.items():
            info = info_of((NO_CODE, REED_SOLOMON, RAPTORQ)[toi % 3], len(data), 1280)
            file = File(f"http://o/live/main/v720/{toi}.m4s", toi, len(data), info=info)
            made += packets(TSI, [(file, data)], 20, table(TSI, [file], toi, 1 << 32))
            bare = Packet(TSI, toi, None, None, 0, 0, 0, 0, b"", fec=info.fec)
            made += [
                write(bare._replace(sbn=sbn, esi=esi, symbol=piece), None) for sbn, esi, piece in encode(data, info, 2)
            ]
        return made

    def _signed(self) -> list[bytes]:
        made = []
        for toi, data in self.originals.items():
            info = info_of((RAPTORQ, RAPTORQ, REED_SOLOMON)[toi % 3], len(data), 1280)
            for sbn, esi, symbol in encode(data, info, 3):
                made.append(write(Packet(TSI, toi, info, None, 0, len(made) + 1, sbn, esi, symbol), self.mac))
        return made

    def mutated(self, data: bytes) -> bytes:
        """One to three changes: of bits, of lengths, of the fields whose numbers are believed."""
        changed = bytearray(data)
        for _ in range(self.rng.choice((1, 1, 2, 3))):
            self.rng.choice((self._bit, self._byte, self._head, self._number, self._cut, self._grow, self._splice))(
                changed
            )
        return bytes(changed)

    def _bit(self, data: bytearray) -> None:
        if data:
            data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)

    def _byte(self, data: bytearray) -> None:
        if data:
            data[self.rng.randrange(len(data))] = self.rng.choice(EDGES)

    def _head(self, data: bytearray) -> None:
        if data:
            data[self.rng.randrange(min(len(data), 72))] = self.rng.choice(EDGES)

    def _number(self, data: bytearray) -> None:
        if len(data) > 80:
            struct.pack_into(">I", data, self.rng.randrange(0, 72), self.rng.choice(NUMBERS))

    def _cut(self, data: bytearray) -> None:
        del data[self.rng.choice((self.rng.randrange(len(data) + 1), self.rng.randrange(80))) :]

    def _grow(self, data: bytearray) -> None:
        data += self.rng.randbytes(self.rng.choice((1, 3, 4, 200)))

    def _splice(self, data: bytearray) -> None:
        other = self.rng.choice(self.plain)
        at = self.rng.randrange(min(len(data) + 1, 80))
        data[at:] = other[self.rng.randrange(min(len(other), 80)) :]

    def random_bytes(self) -> None:
        """Nothing of ours in it, but sometimes a beginning that looks so."""
        data = self.rng.choice((b"", b"\x10\xa0", b"\x10\xa0\x04\x00", b"\x10\x10\x03\x05"))
        self._session(data + self.rng.randbytes(self.rng.choice((0, 5, 12, 70, 1300, 1600))))

    def plain_packet(self) -> None:
        packet = self.rng.choice(self.plain)
        self._session(packet if self.rng.random() < 0.4 else self.mutated(packet))

    def flood(self) -> None:
        """Objects begun and never ended, in every size there may be."""
        length = self.rng.choice((1, 1281, 90_000, 1 << 20))
        info = info_of(self.rng.choice((NO_CODE, REED_SOLOMON, RAPTORQ)), length, 1280)
        symbol = bytes(length) if info.fec == NO_CODE and length < 1280 else bytes(1280)
        toi = self.rng.randrange(100, 130)
        told = None if self.rng.random() < 0.2 else info
        self._session(write(Packet(TSI, toi, told, None, 0, 0, 0, self.rng.randrange(30), symbol, fec=info.fec), None))

    def _session(self, data: bytes) -> None:
        if self.session.counts["packets"] >= 500:  # or all is done, and only duplicates come
            self._new_session()
        before = self.session.counts.total()
        files = self.session.take(data)
        self.report.objects += len(files)
        self.report.taken += self.session.counts.total() == before + 1 + len(files)
        for file, _ in files:
            self._check_name(file.location)
        self._check_held(self.session.held_bytes, LIMITS.all_bytes)

    def forged_packet(self) -> None:
        """Among good packets, without the key: nothing but the originals may come out."""
        packet = self.rng.choice(self.signed)
        if self.rng.random() < 0.5:
            packet = self.mutated(packet)
        for toi, data in self._put(packet, self.safe):
            if data != self.originals.get(toi):
                self.report.failures.append(f"a forged object {toi} was delivered")

    def signed_packet(self) -> None:
        """The key is known: anything may be sent, and nothing may break."""
        packet = bytearray(self.mutated(self.rng.choice(self.signed)))
        if len(packet) >= 64:
            packet[AT:SN_AT] = b"\x01\x07\x11\x00"
            self.mac.sign(packet)
        self.report.objects += len(self._put(bytes(packet), self.foreign))

    def _put(self, data: bytes, gathers: dict[int, Gather]) -> list[tuple[int, bytes]]:
        packet = read(data, self.rules)
        self.report.taken += 1
        if packet.info is None or not packet.symbol:
            return []
        if len(gathers) >= 16 and packet.toi not in gathers:
            gathers.pop(next(iter(gathers)))
        gather = gathers.setdefault(packet.toi, Gather(packet.info))
        if gather.info != packet.info:
            raise BadPacket("info")
        whole = gather.put(packet.sbn, packet.esi, packet.symbol)
        self._check_held(gather.kept_bytes, (1 << 20) + 320 * 1500)
        return [] if whole is None else [(gathers.pop(packet.toi).info.length and packet.toi, whole)]

    def table(self) -> None:
        data = bytearray(self.xml)
        for _ in range(self.rng.choice((1, 2, 4))):
            at = self.rng.randrange(len(data))
            change = self.rng.choice((b"", b"", self.rng.choice(TAGS), self.rng.randbytes(3)))
            data[at : at + self.rng.choice((0, 1, 5, 40))] = change
        for file in read_fdt(bytes(data)):
            self.report.taken += 1
            self._check_name(file.location)

    def name(self) -> None:
        text = self.rng.choice((*TEXTS, "/live/main/v720/1.2.m4s", "http://o:8080/live/a.m4s"))
        at = self.rng.randrange(len(text))
        text = text[:at] + self.rng.choice(("", "/", "..", "%2e", "%2F", "\\", "\0", "é", "?", "#", "a")) + text[at:]
        self._check_name(text)
        self.report.taken += 1

    def _check_name(self, location: str) -> None:
        name = name_of(location)
        lower = name.lower()
        bad = any(part in lower for part in ("//", "/../", "/./", "\\", "\0", "%2e", "%2f", "%00", ":/", "?", "#"))
        if bad or not name.startswith("/") or name.endswith(("/", "/..", "/.")):
            self.report.failures.append(f"the name {location!r} was taken as {name!r}")

    def _check_held(self, held: int, most: int) -> None:
        self.report.most_held_bytes = max(self.report.most_held_bytes, held)
        if not 0 <= held <= most:
            self.report.failures.append(f"{held} bytes held, {most} allowed")

    def run(self, n: int) -> Report:
        ways = (self.random_bytes, self.plain_packet, self.plain_packet, self.forged_packet, self.signed_packet)
        ways += (self.signed_packet, self.table, self.name, self.flood)
        with self._panics_seen():
            for _ in range(n):
                self._one(self.rng.choice(ways))
        self._new_session()
        for own in ("packets", "files", "tables"):
            del self.report.dropped[own]
        return self.report

    def _one(self, way: Callable[[], None]) -> None:
        self.report.inputs += 1
        try:
            way()
        except BadPacket as bad:
            self.report.dropped[bad.reason] += 1
        except (BadFdt, BadLocation) as bad:
            self.report.dropped[type(bad).__name__] += 1
        except Exception as error:  # noqa: BLE001  whatever else it is, it is a finding
            self.report.failures.append(f"input {self.report.inputs}, {way.__name__}: {error!r}")

    @contextmanager
    def _panics_seen(self) -> Iterator[None]:
        """raptor.py turns a panic into BadPacket; here it is a failure: its checks let it through."""
        asked = raptor._asked

        def watched(call: Callable[[], Any]) -> Any:
            try:
                return asked(call)
            except BadPacket as bad:
                self.report.failures.append(f"input {self.report.inputs}: {bad.__context__!r}")
                raise

        raptor._asked = watched
        try:
            yield
        finally:
            raptor._asked = asked


def fuzz(n: int, seed: int) -> Report:
    """n inputs from this seed; about 20 µs each."""
    return _Fuzz(seed).run(n)
