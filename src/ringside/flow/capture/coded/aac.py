"""AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): the rate and channels that an AAC sequence header announces.

Bytes enter, two numbers leave. Only for telling a person what is there: the decoder reads the header itself.
"""

RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
EXPLICIT_RATE, ESCAPED_OBJECT_TYPE = 15, 31
CHANNELS = {1: "mono", 2: "stereo", 6: "5.1", 7: "7.1"}  # by channelConfiguration


def announced(config: bytes) -> tuple[int, str]:
    """`(sampling rate in Hz, layout)`; 0 or "" where the header does not say."""
    bits = int.from_bytes(config[:8].ljust(8, b"\0"))
    at = 64 - 5
    if bits >> at & 0x1F == ESCAPED_OBJECT_TYPE:
        at -= 6
    at -= 4
    index = bits >> at & 0xF
    rate_hz = RATES_HZ[index] if index < len(RATES_HZ) else 0
    if index == EXPLICIT_RATE:
        at -= 24
        rate_hz = bits >> at & 0xFFFFFF
    return rate_hz, CHANNELS.get(bits >> (at - 4) & 0xF, "")
