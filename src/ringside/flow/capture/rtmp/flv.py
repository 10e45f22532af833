"""FLV tags: what the body of an RTMP audio or video message holds.

A body enters; a `Config` (a decoder's set-up), a `Unit` (one coded frame) or None (nothing to decode) leaves.
Legacy tags are Adobe's "Video File Format 10", E.4.2 and E.4.3; tags with a four-character code are Veovera's
Enhanced RTMP v2. Codecs that we do not take are refused by name. Nothing is decoded here.
"""

from ringside.core.rtmp.errors import Malformed, Refused
from ringside.flow.capture.coded.unit import Config, Kind, Unit

VIDEO_FOURCC = {b"avc1": "h264", b"hvc1": "hevc", b"av01": "av1", b"vp09": "vp9"}
AUDIO_FOURCC = {b"mp4a": "aac"}
NAMES = {"h264": "H.264", "hevc": "H.265 (HEVC)", "av1": "AV1", "vp9": "VP9", "aac": "AAC"}

REFUSED_VIDEO = {
    1: "JPEG",
    2: "Sorenson H.263",
    3: "Screen video",
    4: "VP6",
    5: "VP6 with alpha",
    6: "Screen video 2",
    8: "RealH263",
    9: "MPEG-4 Part 2",
    12: "H.265 in a legacy tag",
    13: "AV1 in a legacy tag",
}
REFUSED_AUDIO = {
    0: "PCM",
    1: "ADPCM",
    2: "MP3",
    3: "PCM",
    4: "Nellymoser",
    5: "Nellymoser",
    6: "Nellymoser",
    7: "G.711 A-law",
    8: "G.711 µ-law",
    11: "Speex",
    14: "MP3",
    15: "Device-specific sound",
}
REFUSED_FOURCC = {
    b"vp08": "VP8",
    b"vvc1": "H.266 (VVC)",
    b"ac-3": "AC-3",
    b"ec-3": "E-AC-3",
    b"Opus": "Opus",
    b".mp3": "MP3",
    b"fLaC": "FLAC",
}

KEY_FRAME, GENERATED_KEY_FRAME, COMMAND_FRAME = 1, 4, 5
LEGACY_AVC, LEGACY_AAC, ENHANCED_AUDIO = 7, 10, 9
SEQUENCE_START, CODED_FRAMES, SEQUENCE_END, CODED_FRAMES_X, METADATA = 0, 1, 2, 3, 4
MPEG2TS_SEQUENCE_START, VIDEO_MULTITRACK, AUDIO_MULTITRACK, MOD_EX = 5, 6, 5, 7
TIMESTAMP_OFFSET_NANO = 0
WITH_COMPOSITION_TIME = ("h264", "hevc")


def video(body: bytes | bytearray) -> Config | Unit | None:
    """The body of a video message. Raises Malformed, or Refused naming the codec."""
    if not body:
        return None  # a keep-alive of some encoders
    if body[0] & 0x80:
        return _enhanced_video(bytes(body))
    frame_type, codec_id = body[0] >> 4, body[0] & 0x0F
    if frame_type == COMMAND_FRAME:
        return None
    if codec_id != LEGACY_AVC:
        raise _refused(REFUSED_VIDEO.get(codec_id, f"Video codec {codec_id}"), "H.264")
    _need(body, 5)
    packet_type, offset_ns, data = body[1], _milliseconds(body[2:5]), bytes(body[5:])
    if packet_type == 0:
        return Config("video", "h264", data)
    if packet_type == 1 and data:
        return Unit("video", "h264", frame_type == KEY_FRAME, data, offset_ns)
    return None


def audio(body: bytes | bytearray) -> Config | Unit | None:
    """The body of an audio message. Raises Malformed, or Refused naming the codec."""
    if not body:
        return None
    sound_format = body[0] >> 4
    if sound_format == ENHANCED_AUDIO:
        return _enhanced_audio(bytes(body))
    if sound_format != LEGACY_AAC:
        raise _refused(REFUSED_AUDIO.get(sound_format, f"Audio codec {sound_format}"), "AAC")
    _need(body, 2)
    return _coded("audio", "aac", body[1], True, bytes(body[2:]), 0)


def _enhanced_video(body: bytes) -> Config | Unit | None:
    frame_type, packet_type = body[0] >> 4 & 0x07, body[0] & 0x0F
    packet_type, at, offset_ns = _mod_ex(body, packet_type)
    if packet_type == VIDEO_MULTITRACK:
        raise Refused("Multitrack video is not supported; send one track")
    if packet_type == METADATA or frame_type == COMMAND_FRAME:
        return None
    if packet_type == MPEG2TS_SEQUENCE_START:
        raise Refused("A sequence start in MPEG-2 TS form is not supported; send a codec configuration record")
    codec = _fourcc(body, at, VIDEO_FOURCC, "H.264")
    at += 4
    if packet_type == CODED_FRAMES and codec in WITH_COMPOSITION_TIME:
        _need(body, at + 3)
        offset_ns += _milliseconds(body[at : at + 3])
        at += 3
    key = frame_type in (KEY_FRAME, GENERATED_KEY_FRAME)
    return _coded(
        "video", codec, CODED_FRAMES if packet_type == CODED_FRAMES_X else packet_type, key, body[at:], offset_ns
    )


def _enhanced_audio(body: bytes) -> Config | Unit | None:
    packet_type, at, offset_ns = _mod_ex(body, body[0] & 0x0F)
    if packet_type == AUDIO_MULTITRACK:
        raise Refused("Multitrack audio is not supported; send one track")
    codec = _fourcc(body, at, AUDIO_FOURCC, "AAC")
    return _coded("audio", codec, packet_type, True, body[at + 4 :], offset_ns)


def _coded(kind: Kind, codec: str, packet_type: int, key: bool, data: bytes, offset_ns: int) -> Config | Unit | None:
    if packet_type == SEQUENCE_START:
        return Config(kind, codec, data)
    if packet_type == CODED_FRAMES and data:
        return Unit(kind, codec, key, data, offset_ns)
    return None


def _mod_ex(body: bytes, packet_type: int) -> tuple[int, int, int]:
    """Skip modifiers ("ModEx"): `(packet type behind them, where it goes on, presentation offset in ns)`."""
    at, offset_ns = 1, 0
    while packet_type == MOD_EX:
        _need(body, at + 1)
        size, at = body[at] + 1, at + 1
        if size == 256:
            _need(body, at + 2)
            size, at = int.from_bytes(body[at : at + 2]) + 1, at + 2
        _need(body, at + size + 1)
        if body[at + size] >> 4 == TIMESTAMP_OFFSET_NANO and size >= 3:
            offset_ns = int.from_bytes(body[at : at + 3])
        packet_type = body[at + size] & 0x0F
        at += size + 1
    return packet_type, at, offset_ns


def _fourcc(body: bytes, at: int, codecs: dict[bytes, str], instead: str) -> str:
    _need(body, at + 4)
    code = body[at : at + 4]
    if code not in codecs:
        text = code.decode("ascii", "replace")
        raise _refused(REFUSED_FOURCC.get(code, repr(text) if text.isprintable() else code.hex()), instead)
    return codecs[code]


def _milliseconds(si24: bytes | bytearray) -> int:
    return int.from_bytes(si24, signed=True) * 1_000_000


def _need(body: bytes | bytearray, size: int) -> None:
    if len(body) < size:
        raise Malformed(f"a media message of {len(body)} bytes is cut off: its header takes {size}")


def _refused(name: str, instead: str) -> Refused:
    return Refused(f"{name} is not supported; send {instead}")
