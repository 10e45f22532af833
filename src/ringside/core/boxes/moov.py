"""moov, written: the boxes of a CMAF header around one sample entry (ISO/IEC 23000-19 §7.5, 14496-12 §8).

One track, no samples, no edit list, no meta or udta; dates are left at 0, so that two encoders write the same bytes.
"""

from dataclasses import dataclass

from ringside.core.boxes.box import box, full_box, u16, u32

TRACK_ID = 1
MATRIX = b"".join(u32(n) for n in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
ENABLED = 0x07  # in the movie and in its preview


@dataclass(frozen=True, slots=True)
class Movie:
    """What the boxes around a sample entry need to know. `width` and `height` are 0 for audio."""

    timescale: int
    entry: bytes
    frame_ticks: int
    sample_flags: int
    width: int = 0
    height: int = 0
    language: str = "und"

    @property
    def video(self) -> bool:
        """Whether this is a video track."""
        return self.width > 0

    def to_bytes(self) -> bytes:
        """The moov box."""
        trex = full_box("trex", 0, 0, *map(u32, (TRACK_ID, 1, self.frame_ticks, 0, self.sample_flags)))
        return box("moov", self._mvhd(), box("trak", self._tkhd(), self._mdia()), box("mvex", trex))

    def _mvhd(self) -> bytes:
        rate_and_volume = u32(0x10000) + u16(0x100)
        times = bytes(8) + u32(self.timescale) + u32(0)
        return full_box("mvhd", 0, 0, times, rate_and_volume, bytes(10), MATRIX, bytes(24), u32(TRACK_ID + 1))

    def _tkhd(self) -> bytes:
        volume = u16(0 if self.video else 0x100)
        times = bytes(8) + u32(TRACK_ID) + bytes(8)
        size = u32(self.width << 16) + u32(self.height << 16)
        return full_box("tkhd", 0, ENABLED, times, bytes(12), volume, bytes(2), MATRIX, size)

    def _mdia(self) -> bytes:
        mdhd = full_box("mdhd", 0, 0, bytes(8), u32(self.timescale), u32(0), u16(pack(self.language)), bytes(2))
        handler, name = (b"vide", b"video\0") if self.video else (b"soun", b"audio\0")
        hdlr = full_box("hdlr", 0, 0, bytes(4), handler, bytes(12), name)
        return box("mdia", mdhd, hdlr, self._minf())

    def _minf(self) -> bytes:
        media = full_box("vmhd", 0, 1, bytes(8)) if self.video else full_box("smhd", 0, 0, bytes(4))
        dref = full_box("dref", 0, 0, u32(1), full_box("url ", 0, 1))
        stsd = full_box("stsd", 0, 0, u32(1), self.entry)
        tables = [full_box(type, 0, 0, bytes(4)) for type in ("stts", "stsc")]
        tables += [full_box("stsz", 0, 0, bytes(8)), full_box("stco", 0, 0, bytes(4))]
        return box("minf", media, box("dinf", dref), box("stbl", stsd, *tables))


def pack(language: str) -> int:
    """An ISO 639-2/T code as the 15 bits that mdhd keeps (§8.4.2)."""
    letters = language if len(language) == 3 and language.isascii() and language.islower() else "und"
    return sum((ord(letter) - 0x60) << shift for letter, shift in zip(letters, (10, 5, 0), strict=True))


def unpack(code: int) -> str:
    """The language of an mdhd; `und` when it is no three letters."""
    letters = [chr((code >> shift & 0x1F) + 0x60) for shift in (10, 5, 0)]
    return "".join(letters) if all("a" <= letter <= "z" for letter in letters) else "und"
