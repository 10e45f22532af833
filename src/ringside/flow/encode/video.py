"""VideoEncoder: x264 on one rung, a frame in and its packet out in the same call.

Pictures of the rung's size enter with their grid index and whether they must be key frames; Frames in Annex B leave,
without parameter sets (those are `extradata`). Key frames come only where asked for. Knows nothing of segments,
threads or real time.
"""

from fractions import Fraction

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from ringside.core.clock import Clock
from ringside.core.media import Frame
from ringside.flow.encode.config import Config, Rung
from ringside.flow.encode.effort import Effort, x264_params
from ringside.flow.encode.errors import EncoderFailed

SEI = 6  # nal_unit_type, H.264 table 7-1
START_CODES = (b"\x00\x00\x00\x01", b"\x00\x00\x01")


class VideoEncoder:
    """One x264 encoder. `extradata` holds SPS and PPS (Annex B), the same at every effort."""

    def __init__(
        self, rung: Rung, fps: Fraction, effort: Effort, config: Config, clock: Clock, threads: int = 1
    ) -> None:
        self.rung = rung
        self._fps = fps
        self._config = config
        self._clock = clock
        self._threads = threads
        self._base: int | None = None
        self._codec, self.effort = self._open(effort), effort
        self.extradata = self._codec.extradata or b""

    def use(self, effort: Effort) -> None:
        """Go on with a fresh encoder at `effort`: the next frame must be a key frame."""
        del self._codec  # its memory is given back before the next one takes its own
        self._codec, self.effort = self._open(effort), effort
        self._base = None
        if self._codec.extradata != self.extradata:
            raise EncoderFailed(f"{self.rung.track}: effort {effort.name} changed the stream's parameter sets")

    def encode(self, picture: av.VideoFrame, index: int, key: bool) -> Frame:
        """Frame `index` of the grid. `picture` is yuv420p of the rung's size; its pts and type are overwritten."""
        if self._base is None:
            self._base = index
        picture.pts, picture.time_base = index - self._base, 1 / self._fps
        picture.pict_type = PictureType.I if key else PictureType.NONE
        try:
            packets = self._codec.encode(picture)
        except av.FFmpegError as error:
            raise EncoderFailed(f"{self.rung.track}: x264 refused frame {index}: {error.strerror}") from error
        if len(packets) != 1 or packets[0].pts != picture.pts:
            raise EncoderFailed(f"{self.rung.track}: x264 held back frame {index}")
        packet = packets[0]
        return Frame(self.rung.track, index, packet.is_keyframe, without_sei(bytes(packet)), self._clock.now_ns())

    def _open(self, effort: Effort) -> VideoCodecContext:
        rung, config = self.rung, self._config
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = rung.width, rung.height, "yuv420p"
        codec.time_base, codec.framerate = 1 / self._fps, self._fps
        codec.bit_rate = rung.bitrate_bps
        codec.thread_count = self._threads
        codec.flags |= Flags.global_header
        codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
        codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        codec.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "profile": "high",
            "forced-idr": "1",
            "a53cc": "0",
            "x264-params": x264_params(effort, rung.bitrate_bps, config.peak_ratio, config.buffer_s),
        }
        try:
            codec.open()
        except av.FFmpegError as error:
            size = f"{rung.width}x{rung.height}"
            raise EncoderFailed(f"{rung.track}: x264 cannot encode {size}: {error.strerror}") from error
        return codec


def without_sei(data: bytes) -> bytes:
    """An access unit without the SEI that x264 puts before its first frame (its version and settings)."""
    for code in START_CODES:
        if data.startswith(code) and data[len(code)] & 0x1F == SEI:
            after = data.find(START_CODES[1], len(code))
            if after > 0:
                return data[after - (data[after - 1] == 0) :]
    return data
