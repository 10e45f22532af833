"""The audio sample entry mp4a, its esds, and the AudioSpecificConfig inside (ISO/IEC 14496-1 §7.2.6, 14496-3 §1.6).

Read and written for AAC. The configuration's rate and channels are believed over the sample entry's, which many
writers leave at 44.1 kHz stereo.
"""

from dataclasses import dataclass

from ringside.core.boxes.bits import Bits
from ringside.core.boxes.box import Box, BoxError, Reader, box, full_box, u8, u16, u32

RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)
AAC = 0x40  # objectTypeIndication: audio ISO/IEC 14496-3
SBR, PARAMETRIC_STEREO = 5, 29
ES, DECODER_CONFIG, SPECIFIC_INFO, SL_CONFIG = 3, 4, 5, 6  # descriptor tags


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """What an AudioSpecificConfig says. `channels` is 0 when it leaves that to a table of its own."""

    object_type: int
    sample_rate: int
    channels: int

    @classmethod
    def from_bytes(cls, asc: bytes) -> "AudioConfig":
        """The rate is the one heard: behind SBR, the extension's."""
        bits = Bits(asc, "the AAC configuration")
        object_type, sample_rate, layout = _object_type(bits), _rate(bits), bits.u(4)
        if layout >= len(CHANNELS):
            raise BoxError(f"AAC channel configuration {layout} is not supported")
        channels = CHANNELS[layout]
        if object_type in (SBR, PARAMETRIC_STEREO):
            sample_rate = _rate(bits)
            channels = 2 if object_type == PARAMETRIC_STEREO else channels
        return cls(object_type, sample_rate, channels)

    @property
    def codec(self) -> str:
        """RFC 6381 §3.3, e.g. `mp4a.40.2`."""
        return f"mp4a.40.{self.object_type}"


def _object_type(bits: Bits) -> int:
    short = bits.u(5)
    return 32 + bits.u(6) if short == 31 else short


def _rate(bits: Bits) -> int:
    index = bits.u(4)
    if index == 15:
        return bits.u(24)
    if index >= len(RATES):
        raise BoxError(f"AAC sample rate index {index} is reserved")
    return RATES[index]


def read_mp4a(entry: Box) -> tuple[AudioConfig, tuple[int, int], dict[str, Box]]:
    """(configuration, (peak, average) in bits a second from esds, boxes inside) of an mp4a sample entry."""
    reader = Reader(entry)
    reader.skip(16)
    channels = reader.u(2)
    reader.skip(10)
    inside = {child.type: child for child in reader.rest()}
    if "esds" not in inside:
        raise BoxError("mp4a has no esds")
    asc, rates = _read_esds(inside["esds"])
    config = AudioConfig.from_bytes(asc)
    return AudioConfig(config.object_type, config.sample_rate, config.channels or channels), rates, inside


def _descriptor(reader: Reader, tag: int) -> int:
    """Enter the descriptor `tag`, which must be next; its length."""
    found, length = reader.u(1), 0
    if found != tag:
        raise BoxError(f"esds has descriptor {found} where {tag} belongs")
    for _ in range(4):
        byte = reader.u(1)
        length = length << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return length


def read_specific_info(esds: Box) -> bytes:
    """The AudioSpecificConfig in an esds."""
    return _read_esds(esds)[0]


def _read_esds(esds: Box) -> tuple[bytes, tuple[int, int]]:
    reader = Reader(esds)
    reader.full()
    _descriptor(reader, ES)
    reader.skip(2)
    flags = reader.u(1)
    reader.skip((2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0))
    if flags & 0x40:
        reader.skip(reader.u(1))
    _descriptor(reader, DECODER_CONFIG)
    kind = reader.u(1)
    if kind != AAC:
        raise BoxError(f"audio codec mp4a.{kind:02X} is not supported; send AAC")
    reader.skip(4)
    rates = (reader.u(4), reader.u(4))
    return reader.bytes(_descriptor(reader, SPECIFIC_INFO)), rates


def _write_descriptor(tag: int, *payload: bytes) -> bytes:
    body = b"".join(payload)
    return u8(tag) + u8(len(body)) + body  # all of ours are shorter than 128 bytes


def write_esds(asc: bytes, bandwidth_bps: int, average_bps: int) -> bytes:
    """esds around an AudioSpecificConfig."""
    specific = _write_descriptor(SPECIFIC_INFO, asc)
    stream = u8(0x15)  # an audio stream, going downstream
    decoder = _write_descriptor(
        DECODER_CONFIG, u8(AAC), stream, bytes(3), u32(bandwidth_bps), u32(average_bps), specific
    )
    return full_box("esds", 0, 0, _write_descriptor(ES, u16(1), u8(0), decoder, _write_descriptor(SL_CONFIG, u8(2))))


def write_mp4a(channels: int, sample_rate: int, esds: bytes, *more: bytes) -> bytes:
    """mp4a with esds and `more` boxes; a rate above 65,535 Hz does not fit and stands in esds alone."""
    rate = u32(sample_rate << 16 if sample_rate < 1 << 16 else 0)
    return box("mp4a", bytes(6), u16(1), bytes(8), u16(channels), u16(16), u32(0), rate, esds, *more)
