"""prft: the producer's reference time, tying media time to UTC (ISO/IEC 14496-12 §8.16.5).

Its NTP time is 32.32 seconds since 1900; a second count below 2^31 belongs to the era that begins in 2036.
"""

from dataclasses import dataclass

from ringside.core.boxes.box import Box, Reader, full_box, u32, u64

CAPTURED = 24  # flags: the time at which the frame was captured
UNIX_S = 2_208_988_800  # 1900 to 1970
NS_PER_S = 1_000_000_000


def ntp_from_unix_ns(ns: int) -> int:
    """Unix nanoseconds as a 64-bit NTP timestamp, rounded to the nearest 2^-32 s."""
    return (((ns + UNIX_S * NS_PER_S) << 33) + NS_PER_S) // (2 * NS_PER_S) % (1 << 64)


def unix_ns_from_ntp(ntp: int) -> int:
    """A 64-bit NTP timestamp as Unix nanoseconds, rounded to the nearest."""
    if ntp >> 63 == 0:
        ntp += 1 << 64
    return ((2 * ntp * NS_PER_S + (1 << 32)) >> 33) - UNIX_S * NS_PER_S


@dataclass(frozen=True, slots=True)
class Prft:
    """The instant `unix_ns` is when media time `media_ticks` happened; `flags` say which happening is meant."""

    track_id: int
    unix_ns: int
    media_ticks: int
    flags: int = CAPTURED

    @classmethod
    def from_box(cls, found: Box) -> "Prft":
        """Versions 0 and 1."""
        reader = Reader(found)
        version, flags = reader.full()
        track_id, ntp = reader.u(4), reader.u(8)
        return cls(track_id, unix_ns_from_ntp(ntp), reader.u(8 if version else 4), flags)

    def to_bytes(self) -> bytes:
        """The box, always version 1: 64-bit media time."""
        ntp = ntp_from_unix_ns(self.unix_ns)
        return full_box("prft", 1, self.flags, u32(self.track_id), u64(ntp), u64(self.media_ticks))
