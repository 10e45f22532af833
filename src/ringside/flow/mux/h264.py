"""H.264 as the encoder gives it (Annex B, start codes) made into what a CMAF track holds (length prefixes).

A NAL unit ends with a stop bit, never with a zero byte, so zeros at its end belong to the next start code
(ITU-T H.264 §B.1). Parameter sets live in the header, so they leave the samples, and so do delimiters, filler and
the encoder's own advertising; other SEI stays, as captions travel in it.
"""

from ringside.core.boxes import BoxError
from ringside.core.boxes.sps import unescape

SEI, SPS, PPS, DELIMITER, FILLER = 6, 7, 8, 9, 12
LEFT_OUT = {SPS, PPS, DELIMITER, FILLER}
USER_DATA_UNREGISTERED = 5  # SEI payload type
START = b"\0\0\1"


def nal_units(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream, without their start codes."""
    begin = data.find(START)
    if begin < 0 or data[:begin].strip(b"\0"):
        raise BoxError("the encoder's H.264 does not begin with a start code")
    units = []
    while begin >= 0:
        begin += len(START)
        end = data.find(START, begin)
        unit = data[begin : end if end >= 0 else len(data)].rstrip(b"\0")
        if unit:
            units.append(unit)
        begin = end
    return units


def sample(data: bytes) -> bytes:
    """One Annex B access unit as a sample: NAL units behind four-byte lengths (ISO/IEC 14496-15 §5.3.2)."""
    pieces: list[bytes] = []
    for unit in nal_units(data):
        kind = unit[0] & 0x1F
        if kind in LEFT_OUT or (kind == SEI and _is_only_user_data(unit)):
            continue
        pieces += (len(unit).to_bytes(4, "big"), unit)
    if not pieces:
        raise BoxError("an encoded frame has no picture in it")
    return b"".join(pieces)


def _is_only_user_data(sei: bytes) -> bool:
    """Whether every message of an SEI NAL unit is unregistered user data (ITU-T H.264 §7.3.2.3)."""
    payload, at = unescape(sei[1:]), 0
    while at < len(payload) - 1:
        fields = []
        for _ in range(2):
            value = 0
            while at < len(payload) and payload[at] == 0xFF:
                value, at = value + 255, at + 1
            fields.append(value + (payload[at] if at < len(payload) else 0))
            at += 1
        if fields[0] != USER_DATA_UNREGISTERED:
            return False
        at += fields[1]
    return True
