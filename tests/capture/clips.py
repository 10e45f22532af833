"""Clips for the tests: the test card, encoded by PyAV: every picture tells its own time, and each second beeps."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ringside.flow.capture.drawn import SAMPLE_RATE
from ringside.flow.capture.testcard import TestCard

EPOCH_S = 1_800_000_000
EPOCH_NS = EPOCH_S * 10**9


@dataclass(frozen=True)
class Clip:
    """What to make. `pattern` is the durations of successive pictures, in frames, for a variable frame rate."""

    width: int = 320
    height: int = 180
    fps: Fraction = Fraction(30)
    seconds: float = 2.0
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    audio: str = "aac"
    layout: str = "stereo"
    rate: int = SAMPLE_RATE
    aspect: Fraction = Fraction(1)
    pattern: tuple[int, ...] = (1,)


def make(path: Path, clip: Clip, container: str | None = None) -> Path:
    """Write the clip; its first picture is of EPOCH_S."""
    card = TestCard(clip.width & ~1, clip.height & ~1, clip.fps)
    with av.open(str(path), "w", format=container) as out:
        picture = _video_stream(out, clip)
        sound = out.add_stream(clip.audio, rate=clip.rate, layout=clip.layout) if clip.audio else None
        if picture is not None:
            for k in _frames(clip):
                drawn = card.draw(EPOCH_NS + round(k / clip.fps * 10**9))
                frame = drawn.reformat(clip.width, clip.height, clip.pix_fmt)
                frame.pts, frame.time_base = k, 1 / clip.fps
                out.mux(picture.encode(frame))
            out.mux(picture.encode(None))
        if sound is not None:
            for block in _blocks(card, clip):
                out.mux(sound.encode(block))
            out.mux(sound.encode(None))
    return path


def _video_stream(out, clip: Clip):
    if not clip.codec:
        return None
    stream = out.add_stream(clip.codec, rate=clip.fps)
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, clip.pix_fmt
    stream.sample_aspect_ratio = clip.aspect
    stream.time_base = 1 / clip.fps
    stream.codec_context.gop_size = max(1, round(clip.fps / 2))
    if clip.codec == "libx264":
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}
    return stream


def _frames(clip: Clip):
    """Frame numbers of the clip's pictures."""
    k, turn = 0, 0
    while k < clip.seconds * clip.fps:
        yield k
        k += clip.pattern[turn % len(clip.pattern)]
        turn += 1


def _blocks(card: TestCard, clip: Clip):
    total = int(clip.seconds * SAMPLE_RATE)
    resampler = av.AudioResampler(format="fltp", layout=clip.layout, rate=clip.rate, frame_size=1024)
    for first in range(0, total, 1024):
        samples = card.sound(EPOCH_S * SAMPLE_RATE + first, min(1024, total - first))
        block = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
        block.sample_rate, block.pts, block.time_base = SAMPLE_RATE, first, Fraction(1, SAMPLE_RATE)
        yield from resampler.resample(block)
    yield from resampler.resample(None)
