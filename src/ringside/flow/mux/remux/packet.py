"""Packet: a frame of the programme on its way elsewhere, and what its decoder needs; Tag: what is sent of it. Nouns."""

from dataclasses import dataclass
from typing import Literal

from ringside.core.boxes import Header, parse_init
from ringside.core.boxes.samples import decoder_config
from ringside.core.media import Kind


@dataclass(frozen=True, slots=True)
class Codec:
    """A track's header, read. `config` is the body of avcC, or the AudioSpecificConfig."""

    track: str
    header: Header
    config: bytes
    init: bytes

    @classmethod
    def of(cls, track: str, init: bytes) -> "Codec":
        """Raises BoxError."""
        return cls(track, parse_init(init), decoder_config(init), init)

    def __repr__(self) -> str:
        return f"<Codec {self.track} {self.header.codec}>"

    @property
    def goes_anywhere(self) -> bool:
        """Whether the services there are take it: H.264 and AAC."""
        return self.header.codec.startswith(("avc1.", "avc3.", "mp4a.40."))


@dataclass(frozen=True, slots=True)
class Codecs:
    """What the programme is made of at the moment."""

    video: Codec | None = None
    audio: Codec | None = None


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame. Times are nanoseconds of Unix time; `data` is as in the chunk: H.264 behind lengths, or raw AAC."""

    kind: Kind
    decode_ns: int
    shown_ns: int
    key: bool
    data: bytes
    codecs: Codecs

    @property
    def opens(self) -> bool:
        """Whether who knows nothing yet can begin here."""
        return self.key and (self.kind == "video" or self.codecs.video is None)


class Opening:
    """Where a connection's time begins: at the first packet that opens."""

    def __init__(self) -> None:
        self._begun_ns: int | None = None

    def since_ns(self, packet: Packet) -> int | None:
        """From the opening to the packet's decode time; None for what comes, or is to be decoded, before it."""
        if self._begun_ns is None and packet.opens:
            self._begun_ns = packet.decode_ns
        if self._begun_ns is None or packet.decode_ns < self._begun_ns:
            return None
        return packet.decode_ns - self._begun_ns


@dataclass(frozen=True, slots=True)
class Tag:
    """What is sent: an FLV tag's body with its time since the connection began, or a run of MPEG-TS."""

    kind: Literal["video", "audio", "script", "ts"]
    time_ms: int
    body: bytes
