"""Ts: packets as MPEG-TS, by FFmpeg's muxer writing into memory; one for each connection.

Runs of at most seven TS packets leave, which is what one SRT message carries. FFmpeg puts in start codes, parameter
sets and ADTS headers itself, from the CMAF header that is its template. No encoder, no network and no file is touched.
"""

import io
import logging
from fractions import Fraction
from typing import Any

import av

from ringside.core.media import Kind
from ringside.flow.mux.remux.packet import Codec, Codecs, Opening, Packet, Tag

log = logging.getLogger(__name__)

RUN_BYTES = 7 * 188
TICKS = 90_000
OPTIONS = {
    "mpegts_flags": "resend_headers+pat_pmt_at_frames",  # who joins at a key frame finds the tables before it
    "flush_packets": "1",
    "pes_payload_size": "0",
    "max_interleave_delta": "100000",  # microseconds; without it the picture waits ten seconds for missing sound
}


class _Memory:
    """What FFmpeg writes to."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        """All of it."""
        self.data += data
        return len(data)


class Ts:
    """A connection's writer; `close` it."""

    def __init__(self) -> None:
        self._opening = Opening()
        self._time_ms = 0
        self._codecs: Codecs | None = None
        self._last: dict[Kind, int] = {"video": -1, "audio": -1}  # decode time, which has to rise
        self.failures = 0
        self._memory = _Memory()
        self._container: Any = None
        self._streams: dict[Kind, Any] = {}

    def __repr__(self) -> str:
        return f"<Ts {self._codecs}>"

    def write(self, packet: Packet) -> list[Tag]:
        """What is to be sent for it; nothing before the first that opens."""
        since_ns = self._opening.since_ns(packet)
        if since_ns is None:
            return []
        if packet.codecs != self._codecs:
            self._open(packet.codecs)
        self._mux(packet, since_ns)
        self._time_ms = since_ns // 1_000_000
        return self._runs(self._time_ms)

    def close(self) -> list[Tag]:
        """Let FFmpeg's part go; what it still held."""
        if self._container is not None:
            self._container.close()
            self._container = None
        return self._runs(self._time_ms)

    def _open(self, codecs: Codecs) -> None:
        if self._container is not None:
            self._container.close()  # what it held stays in memory, and goes with the next run
        self._codecs = codecs
        self._container = av.open(self._memory, "w", format="mpegts", buffer_size=RUN_BYTES, options=OPTIONS)
        self._streams.clear()
        for codec in (codecs.video, codecs.audio):
            if codec is not None:
                self._streams[codec.header.kind] = self._container.add_stream_from_template(_template(codec))

    def _mux(self, packet: Packet, since_ns: int) -> None:
        coded = av.Packet(packet.data)
        coded.stream = self._streams[packet.kind]
        coded.time_base = Fraction(1, TICKS)
        coded.dts = max(since_ns * TICKS // 10**9, self._last[packet.kind] + 1)
        coded.pts = max((since_ns + packet.shown_ns - packet.decode_ns) * TICKS // 10**9, coded.dts)
        coded.is_keyframe = packet.key
        self._last[packet.kind] = coded.dts
        try:
            self._container.mux_one(coded)
        except av.FFmpegError as error:
            self.failures += 1
            log.warning("restream: a frame could not be made MPEG-TS: %s", error.strerror)

    def _runs(self, time_ms: int) -> list[Tag]:
        data, whole = self._memory.data, len(self._memory.data) // 188 * 188
        tags = [Tag("ts", time_ms, bytes(data[at : min(at + RUN_BYTES, whole)])) for at in range(0, whole, RUN_BYTES)]
        del data[:whole]
        return tags


def _template(codec: Codec) -> Any:
    """The stream in a CMAF header, as FFmpeg sees it; it lives as long as its container does."""
    return av.open(io.BytesIO(codec.init), "r", format="mp4").streams[0]
