"""Flv: packets as the bodies of RTMP's video, audio and data messages (Adobe Video File Format 10, E.4).

Pure; one for each connection. It begins with a packet that opens: metadata, both decoder configurations, then frames,
timed from the first one on. Configurations are told again when they change.
"""

from ringside.core.rtmp import amf
from ringside.flow.mux.remux.packet import Codec, Codecs, Opening, Packet, Tag

AVC_KEY, AVC_INTER, AAC = b"\x17", b"\x27", b"\xaf"
CONFIG, FRAME = b"\x00", b"\x01"
AVC_ID, AAC_ID = 7, 10
NS_PER_MS = 1_000_000
LONGEST_OFFSET_MS = (1 << 23) - 1


class Flv:
    """A connection's writer."""

    def __init__(self) -> None:
        self._opening = Opening()
        self._codecs = Codecs()

    def __repr__(self) -> str:
        return f"<Flv {self._codecs.video} {self._codecs.audio}>"

    def write(self, packet: Packet) -> list[Tag]:
        """What is to be sent for it; nothing before the first that opens."""
        since_ns = self._opening.since_ns(packet)
        if since_ns is None:
            return []
        time_ms = since_ns // NS_PER_MS
        told = self._tell(packet.codecs, time_ms)
        return [*told, Tag(packet.kind, time_ms, _body(packet))]

    def close(self) -> list[Tag]:
        """Nothing is held."""
        return []

    def _tell(self, codecs: Codecs, time_ms: int) -> list[Tag]:
        before, self._codecs = self._codecs, codecs
        if codecs == before:
            return []
        tags = [Tag("script", time_ms, _metadata(codecs))]
        if codecs.video is not None and codecs.video != before.video:
            tags.append(Tag("video", time_ms, AVC_KEY + CONFIG + bytes(3) + codecs.video.config))
        if codecs.audio is not None and codecs.audio != before.audio:
            tags.append(Tag("audio", time_ms, AAC + CONFIG + codecs.audio.config))
        return tags


def _body(packet: Packet) -> bytes:
    if packet.kind == "audio":
        return AAC + FRAME + packet.data
    offset_ms = (packet.shown_ns - packet.decode_ns) // NS_PER_MS
    offset_ms = max(-LONGEST_OFFSET_MS, min(LONGEST_OFFSET_MS, offset_ms))
    return (AVC_KEY if packet.key else AVC_INTER) + FRAME + offset_ms.to_bytes(3, "big", signed=True) + packet.data


def _metadata(codecs: Codecs) -> bytes:
    """@setDataFrame onMetaData: what a service reads before it decodes."""
    values: dict[str, amf.Value] = {"encoder": "Ringside"}
    if codecs.video is not None:
        header = codecs.video.header
        values |= {"width": header.width, "height": header.height, "videocodecid": AVC_ID}
        values |= _rate("videodatarate", codecs.video)
    if codecs.audio is not None:
        header = codecs.audio.header
        values |= {"audiocodecid": AAC_ID, "audiosamplerate": header.sample_rate, "audiosamplesize": 16}
        values |= {
            "audiochannels": header.channels,
            "stereo": header.channels > 1,
            **_rate("audiodatarate", codecs.audio),
        }
    return amf.encode("@setDataFrame", "onMetaData", values)


def _rate(name: str, codec: Codec) -> dict[str, amf.Value]:
    kbps = codec.header.average_bps / 1000
    return {name: kbps} if kbps else {}
