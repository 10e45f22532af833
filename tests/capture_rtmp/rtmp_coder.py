"""Real encoded packets, put into FLV tags by hand: what an encoder of any codec would send."""

import functools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from ringside.flow.capture.coded.unit import Config, Unit
from ringside.flow.capture.rtmp.flv import VIDEO_FOURCC

os.environ.setdefault("SVT_LOG", "0")  # its encoder is talkative

ENCODERS = {
    "h264": ("libx264", {"preset": "ultrafast", "bf": "2", "g": "10"}),
    "hevc": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none:keyint=10"}),
    "av1": ("libsvtav1", {"preset": "12", "g": "10", "svtav1-params": "pred-struct=1"}),
    "vp9": ("libvpx-vp9", {"cpu-used": "8", "deadline": "realtime", "g": "10"}),
}
FOURCC = {codec: code for code, codec in VIDEO_FOURCC.items()}


@dataclass(frozen=True)
class Clip:
    """An encoded clip: the configuration record of mp4, and `(dts_ms, offset_ms, key, data)` per frame."""

    codec: str
    record: bytes
    frames: list[tuple[int, int, bool, bytes]]

    def units(self, shift_ms: int = 0) -> Iterator[tuple[Unit, int]]:
        """Coded frames and their time on the wire in ns."""
        for dts_ms, offset_ms, key, data in self.frames:
            unit = Unit("video", self.codec, key, data, offset_ms * 1_000_000)
            yield unit, (dts_ms + offset_ms + shift_ms) * 1_000_000

    @property
    def config(self) -> Config:
        return Config("video", self.codec, self.record)

    def tags(self) -> Iterator[tuple[int, bytes]]:
        """`(timestamp_ms, body)` of each enhanced RTMP video message."""
        code = FOURCC[self.codec]
        yield 0, b"\x90" + code + self.record
        for dts_ms, offset_ms, key, data in self.frames:
            first = 0x90 if key else 0xA0
            if self.codec in ("h264", "hevc") and offset_ms:
                yield dts_ms, bytes([first | 1]) + code + offset_ms.to_bytes(3, signed=True) + data
            else:
                yield dts_ms, bytes([first | 3]) + code + data


@functools.cache
def clip(
    codec: str, width: int = 160, height: int = 96, frames: int = 20, fps: int = 25, aspect: Fraction = Fraction(1)
) -> Clip:
    """A moving gradient, encoded; the record is the one that an mp4 file of it would carry.

    On a thread of its own: for root, SVT-AV1 gives the calling thread real-time priority, and all that it starts.
    """
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(_clip, codec, width, height, frames, fps, aspect).result()


def _clip(codec: str, width: int, height: int, frames: int, fps: int, aspect: Fraction) -> Clip:
    name, options = ENCODERS[codec]
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.flags |= av.codec.context.Flags.global_header
    encoder.options, encoder.sample_aspect_ratio = options, aspect
    packets = []
    ramp = np.arange(width, dtype=np.uint16)[None, :] + np.arange(height, dtype=np.uint16)[:, None]
    for n in range(frames):
        grey = ((ramp + 5 * n) % 256).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(np.repeat(grey[:, :, None], 3, 2), "rgb24").reformat(format="yuv420p")
        frame.pts = n
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    first = min(packet.dts for packet in packets)
    step = 1000 // fps
    return Clip(
        codec,
        _record(codec, encoder),
        [((p.dts - first) * step, (p.pts - p.dts) * step, p.is_keyframe, _sized(codec, bytes(p))) for p in packets],
    )


def _units(annex_b: bytes) -> list[bytes]:
    parts = annex_b.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part]


def _sized(codec: str, data: bytes) -> bytes:
    """Annex B to four-byte lengths; AV1 without its temporal delimiter; VP9 as it is."""
    if codec in ("h264", "hevc"):
        return b"".join(len(unit).to_bytes(4) + unit for unit in _units(data))
    return data.removeprefix(b"\x12\0") if codec == "av1" else data


def _record(codec: str, encoder: av.CodecContext) -> bytes:
    extradata = encoder.extradata or b""
    if codec == "h264":
        sps, pps = (next(u for u in _units(extradata) if u[0] & 0x1F == kind) for kind in (7, 8))
        sets = b"\xe1" + len(sps).to_bytes(2) + sps + b"\1" + len(pps).to_bytes(2) + pps
        return b"\1" + sps[1:4] + b"\xff" + sets
    if codec == "hevc":
        arrays = b""
        for kind in (32, 33, 34):
            units = [u for u in _units(extradata) if u[0] >> 1 & 0x3F == kind]
            arrays += bytes([0x80 | kind]) + len(units).to_bytes(2)
            arrays += b"".join(len(u).to_bytes(2) + u for u in units)
        return b"\1" + bytes(20) + b"\x0f\3" + arrays
    return b"" if codec == "vp9" else b"\x81\0\x0c\0" + extradata


@functools.cache
def tone(rate: int = 48000, layout: str = "stereo", blocks: int = 20) -> tuple[bytes, list[bytes]]:
    """A tone in AAC: the AudioSpecificConfig and the raw frames."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, layout, "fltp"
    channels = encoder.layout.nb_channels
    packets = []
    for n in range(blocks):
        wave = np.sin(np.arange(n * 1024, (n + 1) * 1024) * 0.06).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.tile(wave, (channels, 1)), "fltp", layout)
        frame.sample_rate, frame.pts = rate, n * 1024
        packets += encoder.encode(frame)
    return bytes(encoder.extradata or b""), [bytes(packet) for packet in packets]
