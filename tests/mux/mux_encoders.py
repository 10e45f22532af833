"""Real encoders for the mux's tests: x264 as the studio sets it up, and FFmpeg's AAC."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from ringside.core.media import Frame, Grid, Timeline, Track
from ringside.flow.mux import audio_track, video_track

START_S = 1_795_000_000
TIMELINE = Timeline()


@dataclass(frozen=True)
class Encoded:
    """A track and its frames, on the epoch's grid."""

    track: Track
    grid: Grid
    frames: list[Frame]


def picture(index: int, width: int, height: int) -> av.VideoFrame:
    """A moving gradient with noise: something for an encoder to do."""
    noise = np.random.default_rng(index).integers(0, 24, (height, width, 3), dtype=np.uint8)
    ramp = (np.arange(width, dtype=np.uint32)[None, :, None] + 3 * index) % 200
    return av.VideoFrame.from_ndarray((noise + ramp.astype(np.uint8)).astype(np.uint8), format="rgb24")


def encode_video(
    fps: Fraction = Fraction(30), seconds: float = 4, size: tuple[int, int] = (320, 180), start_s: int = START_S
) -> Encoded:
    """x264 zerolatency, a key frame at each segment's start and each second."""
    grid, (width, height) = Grid.video(fps), size
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.framerate, codec.bit_rate = 1 / fps, fps, 400_000
    codec.flags |= av.codec.context.Flags.global_header
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1", "x264-params": "scenecut=0"}
    codec.open()
    extradata = bytes(codec.extradata or b"")
    track = video_track("v180", extradata, grid, width, height, fps, 400_000, 800_000)
    first = TIMELINE.first_frame(grid, start_s // 2)
    frames = []
    for index in range(first, first + round(seconds * fps)):
        frame = picture(index - first, width, height).reformat(format="yuv420p")
        frame.pts = index - first
        key = TIMELINE.place(grid, index).first_in_segment or (index - first) % round(fps) == 0
        frame.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        for packet in codec.encode(frame):
            frames.append(Frame(track.name, first + packet.pts, packet.is_keyframe, bytes(packet)))
    return Encoded(track, grid, frames)


def blocks(samples: int) -> Iterator[av.AudioFrame]:
    """A 440 Hz tone in blocks of 1024 samples."""
    for start in range(0, samples, 1024):
        tone = 0.3 * np.sin(np.arange(start, start + 1024) * 2 * np.pi * 440 / 48_000)
        block = av.AudioFrame.from_ndarray(np.stack([tone, tone]).astype(np.float32), format="fltp", layout="stereo")
        block.sample_rate, block.pts = 48_000, start
        yield block


def encode_audio(seconds: float = 4, start_s: int = START_S) -> Encoded:
    """FFmpeg's AAC at 128 kb/s, without its priming frame."""
    grid = Grid.audio()
    codec = av.CodecContext.create("aac", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 48_000, "stereo", "fltp", 128_000
    codec.flags |= av.codec.context.Flags.global_header
    codec.open()
    track = audio_track("a", bytes(codec.extradata or b""), grid, 2, 128_000, 160_000, "eng")
    first = TIMELINE.first_frame(grid, start_s // 2)
    packets = [packet for block in blocks(round(seconds * 48_000)) for packet in codec.encode(block)]
    return Encoded(track, grid, [Frame("a", first + n, True, bytes(p)) for n, p in enumerate(packets)])
