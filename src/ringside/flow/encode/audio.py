"""AudioEncoder: AAC-LC from blocks of 1024 samples on the audio grid.

Blocks of float32 (2, 1024) enter with their grid index; Frames of raw AAC leave, two blocks later, under the index
of the sound that a decoder plays them as. The theory: an AAC frame overlaps its neighbours by half, so a decoder
finishes a block's sound only with the frame after the one that began it, and FFmpeg's encoder first writes one
priming frame for that. Decoded one frame in, one frame out, the frame after the priming frame gives block 0: frame
and block are paired in order, and the priming frame belongs to the block before the first. No edit list is needed.
"""

from collections import deque
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import Flags

from ringside.core.clock import Clock
from ringside.core.media import Frame
from ringside.flow.encode.errors import EncoderFailed

SAMPLES = 1024  # of one AAC frame
CHANNELS = 2
Block = npt.NDArray[np.float32]


class AudioEncoder:
    """One AAC encoder, stereo. `extradata` is the AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1)."""

    def __init__(self, track: str, bitrate_bps: int, clock: Clock, sample_rate: int = 48_000) -> None:
        self._track = track
        self._clock = clock
        self._sample_rate = sample_rate
        self._bitrate_bps = bitrate_bps
        self._codec = self._open()
        self._fed: deque[int] = deque()  # indices of blocks whose frame has not come out
        self._blocks = 0
        self.extradata = self._codec.extradata or b""

    def encode(self, block: Block, index: int) -> list[Frame]:
        """Take block `index`; the frames that are ready, none for the first two. Samples are clipped to [-1, 1]."""
        if block.shape != (CHANNELS, SAMPLES):
            raise EncoderFailed(f"{self._track}: a block of sound has shape {block.shape}, not ({CHANNELS}, {SAMPLES})")
        clean = np.clip(np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0).astype(np.float32)
        sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(clean), format="fltp", layout="stereo")
        sound.sample_rate, sound.time_base = self._sample_rate, Fraction(1, self._sample_rate)
        sound.pts = self._blocks * SAMPLES
        if not self._blocks:
            self._fed.append(index - 1)  # the priming frame's place
        self._blocks += 1
        self._fed.append(index)
        return self._frames(sound)

    def flush(self) -> list[Frame]:
        """The frames still held back; the encoder cannot be used afterwards."""
        return self._frames(None)

    def _frames(self, sound: av.AudioFrame | None) -> list[Frame]:
        try:
            packets = self._codec.encode(sound)
        except av.FFmpegError as error:
            raise EncoderFailed(f"{self._track}: the AAC encoder refused a block: {error.strerror}") from error
        frames = []
        for packet in packets:
            index = self._fed.popleft()
            if packet.pts is not None and packet.pts >= 0:
                frames.append(Frame(self._track, index, True, bytes(packet), self._clock.now_ns()))
        return frames

    def _open(self) -> AudioCodecContext:
        codec = av.CodecContext.create("aac", "w")
        codec.sample_rate, codec.layout, codec.format = self._sample_rate, "stereo", "fltp"
        codec.bit_rate = self._bitrate_bps
        codec.time_base = Fraction(1, self._sample_rate)
        codec.flags |= Flags.global_header
        try:
            codec.open()
        except av.FFmpegError as error:
            raise EncoderFailed(f"{self._track}: AAC at {self._bitrate_bps} b/s: {error.strerror}") from error
        return codec
