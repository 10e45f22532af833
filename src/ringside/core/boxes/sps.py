"""The H.264 sequence parameter set: the few facts of it that boxes repeat (ITU-T H.264 §7.3.2.1.1, §E.1.1)."""

from dataclasses import dataclass

from ringside.core.boxes.bits import Bits

HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
EXTENDED_SAR = 255
SAR = (
    (0, 0), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11), (80, 33), (18, 11),
    (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sps:
    """What a decoder is told before its first picture. `colour` is (primaries, transfer, matrix, full range)."""

    profile: int
    constraints: int
    level: int
    chroma: int
    luma_bits: int
    chroma_bits: int
    width: int
    height: int
    aspect: tuple[int, int] | None
    colour: tuple[int, int, int, bool] | None

    @classmethod
    def from_nal(cls, nal: bytes) -> "Sps":
        """From a NAL unit with its header byte and its emulation prevention."""
        bits = Bits(unescape(nal[1:]), "the H.264 sequence parameter set")
        profile, constraints, level = bits.u(8), bits.u(8), bits.u(8)
        bits.ue()
        chroma, luma_bits, chroma_bits = _format(bits) if profile in HIGH_PROFILES else (1, 8, 8)
        _picture_order(bits)
        bits.ue()
        bits.u(1)
        width, height = _size(bits, chroma)
        aspect, colour = _vui(bits) if bits.u(1) else (None, None)
        return cls(profile, constraints, level, chroma, luma_bits, chroma_bits, width, height, aspect, colour)

    @property
    def codec(self) -> str:
        """The part of the codec string behind `avc1.` (RFC 6381 §3.3)."""
        return f"{self.profile:02X}{self.constraints:02X}{self.level:02X}"


def unescape(payload: bytes) -> bytes:
    """A NAL unit's payload without its emulation prevention bytes (§7.4.1)."""
    return payload.replace(b"\0\0\3", b"\0\0")


def _format(bits: Bits) -> tuple[int, int, int]:
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    luma_bits, chroma_bits = 8 + bits.ue(), 8 + bits.ue()
    bits.u(1)
    if bits.u(1):
        for number in range(12 if chroma == 3 else 8):
            if bits.u(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)
    return chroma, luma_bits, chroma_bits


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = scale = 8
    for _ in range(size):
        if scale:
            scale = (last + bits.se()) % 256
        last = scale or last


def _picture_order(bits: Bits) -> None:
    bits.ue()
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()


def _size(bits: Bits, chroma: int) -> tuple[int, int]:
    columns, rows = bits.ue() + 1, bits.ue() + 1
    frames_only = bits.u(1)
    if not frames_only:
        bits.u(1)
    bits.u(1)
    left, right, top, bottom = (bits.ue() for _ in range(4)) if bits.u(1) else (0, 0, 0, 0)
    across = 2 if chroma in (1, 2) else 1
    down = (2 if chroma == 1 else 1) * (2 - frames_only)
    return 16 * columns - across * (left + right), 16 * rows * (2 - frames_only) - down * (top + bottom)


def _vui(bits: Bits) -> tuple[tuple[int, int] | None, tuple[int, int, int, bool] | None]:
    aspect: tuple[int, int] | None = None
    if bits.u(1):
        code = bits.u(8)
        aspect = (bits.u(16), bits.u(16)) if code == EXTENDED_SAR else SAR[code] if code < len(SAR) else None
        aspect = aspect if aspect and all(aspect) else None
    if bits.u(1):
        bits.u(1)
    if not bits.u(1):
        return aspect, None
    bits.u(3)
    full_range = bool(bits.u(1))
    return aspect, (bits.u(8), bits.u(8), bits.u(8), full_range) if bits.u(1) else None
