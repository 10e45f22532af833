"""Two real encoders of one event, as two studios run them: equal settings, other moments to begin, other pictures.

Each picture says whose it is and which frame of the grid, in blocks that survive any encoder: white is 1.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
import numpy as np

from ringside.core.boxes import Header, parse_init
from ringside.core.clock import Simulated
from ringside.core.media import Chunk, Frame, Grid, Timeline, Track
from ringside.flow.encode.config import Config, Rung
from ringside.flow.encode.effort import BY_NAME
from ringside.flow.encode.gop import key_due
from ringside.flow.encode.video import VideoEncoder
from ringside.flow.mux import Segmenter, video_track

TIMELINE = Timeline()
GRID = Grid.video(Fraction(30))
WIDTH, HEIGHT, BLOCK, BITS = 160, 96, 16, 10
START = 895_000_000  # a segment number of our time
RUNG = Rung(height=HEIGHT, width=WIDTH, bitrate_bps=300_000)


@dataclass(frozen=True)
class Made:
    """What one studio made: its track, and its chunks in order."""

    track: Track
    header: Header
    chunks: tuple[Chunk, ...]

    def between(self, start_ticks: int, end_ticks: int) -> list[Chunk]:
        """The chunks that lie in there."""
        inside = (
            c for c in self.chunks if start_ticks <= c.start_ticks and c.start_ticks + c.duration_ticks <= end_ticks
        )
        return list(inside)


def picture(studio: int, index: int) -> av.VideoFrame:
    """The frame `index` of a studio: its bits, over something that moves."""
    ramp = (np.arange(WIDTH)[None, :] * (2 + studio) + 5 * index + 60 * studio) % 128 + 64
    luma = np.repeat(ramp, HEIGHT, axis=0).astype(np.uint8)
    for bit in range(BITS):
        value = studio if bit == 0 else index >> (bit - 1) & 1
        luma[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if value else 16
    chroma = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
    return av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")


def read(luma: np.ndarray) -> tuple[int, int]:  # type: ignore[type-arg]
    """(studio, frame index modulo 512) of a decoded picture."""
    bits = [int(luma[4:12, b * BLOCK + 4 : b * BLOCK + 12].mean() > 128) for b in range(BITS)]
    return bits[0], sum(bit << n for n, bit in enumerate(bits[1:]))


@cache
def made(studio: int, late_frames: int = 0, seconds: int = 4, frames_per_chunk: int = 0) -> Made:
    """`seconds` of a studio's chunks from segment START on; it began to encode `late_frames` after that."""
    encoder = VideoEncoder(RUNG, Fraction(30), BY_NAME["superfast"], Config(), Simulated(0))
    track = video_track("v96", encoder.extradata, GRID, WIDTH, HEIGHT, Fraction(30), 300_000, 400_000)
    segmenter = Segmenter(track, GRID, TIMELINE, frames_per_chunk)
    first = TIMELINE.first_frame(GRID, START)
    previous: int | None = None
    chunks: list[Chunk] = []
    for index in range(first + late_frames, first + seconds * 30):
        key = key_due(GRID, TIMELINE, previous, index)
        frame: Frame = encoder.encode(picture(studio, index - first), index, key)
        chunks += segmenter.push(Frame("v96", index, frame.key, frame.data))
        previous = index
    return Made(track, parse_init(track.init), tuple(chunks))


def decoded(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Every picture of an init and its chunks: (pts, studio, frame index, luma); any error of the decoder raises."""
    import io

    out = []
    with av.open(io.BytesIO(data), format="mp4") as file:
        stream = file.streams.video[0]
        stream.codec_context.options = {"err_detect": "explode"}
        for frame in file.decode(stream):
            assert frame.pts is not None
            assert not frame.is_corrupt
            luma = frame.to_ndarray(format="yuv420p")[:HEIGHT]
            out.append((frame.pts, *read(luma), luma.tobytes()))
    return out
