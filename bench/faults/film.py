"""Film: eight seconds of MPEG-TS, encoded here: the test card, its strip and beeps; or what a broken camera shows.

What leaves: packets of 188 bytes, each with when it is due. A film loops without a seam: it begins with a key picture,
and so many seconds are whole
frames of sound too. The strip counts from the film's own epoch, so that pictures tell which camera they are from.
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

import av
import numpy as np

from bench.faults import ts
from ringside.flow.capture.drawn import SAMPLE_RATE
from ringside.flow.capture.testcard import TestCard

Kind = Literal["card", "black", "frozen", "dark"]
SECONDS = 8  # 375 frames of AAC
FPS = Fraction(30)
SIZE = 640, 360
EPOCH_S = 1_800_000_000
OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23", "g": "30"}
BLACK = 16
LEAD_TICKS = 90_000  # what the film's own timestamps begin with, so that none is negative


@dataclass(frozen=True, slots=True)
class Film:
    """One loop: `packets` are `(due_ticks, packet)`, 90 kHz from its beginning; it is `ticks` long."""

    packets: tuple[tuple[int, bytes], ...]
    ticks: int = SECONDS * 90_000


@cache
def film(kind: Kind = "card", epoch_s: int = EPOCH_S) -> Film:
    """The film of a camera; its sound is the test card's, whatever it shows."""
    out = io.BytesIO()
    with av.open(out, "w", format="mpegts", options={"pcr_period": "40"}) as container:
        _write(container, kind, epoch_s)
    return Film(tuple(ts.due(out.getvalue(), LEAD_TICKS)))


def _write(container: "av.container.OutputContainer", kind: Kind, epoch_s: int) -> None:
    card = TestCard(*SIZE, FPS)
    picture = container.add_stream("libx264", rate=FPS, options=OPTIONS)
    picture.width, picture.height, picture.pix_fmt = *SIZE, "yuv420p"
    sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    blocks = iter(range(0, SECONDS * SAMPLE_RATE, 1024))
    first = next(blocks, None)
    for k in range(int(SECONDS * FPS)):
        frame = shown(card, kind, epoch_s * 10**9 + round(k / FPS * 10**9), epoch_s * 10**9)
        frame.pts, frame.time_base = k + round(LEAD_TICKS * FPS / 90_000), 1 / FPS
        container.mux(picture.encode(frame))
        while first is not None and first <= k * SAMPLE_RATE / FPS:
            container.mux(sound.encode(_block(card, epoch_s, first)))
            first = next(blocks, None)
    container.mux(picture.encode(None))
    container.mux(sound.encode(None))


def shown(card: TestCard, kind: Kind, time_ns: int, epoch_ns: int) -> av.VideoFrame:
    """What the camera shows at an instant of the film."""
    if kind == "frozen":
        return card.draw(epoch_ns + 500_000_000)
    frame = card.draw(time_ns)
    if kind == "card":
        return frame
    luma = np.frombuffer(bytes(frame.planes[0]), np.uint8)
    floor = np.full_like(luma, BLACK) if kind == "black" else BLACK + (luma.astype(np.uint16) // 12).astype(np.uint8)
    frame.planes[0].update(floor.tobytes())
    for plane in frame.planes[1:]:
        plane.update(bytes([128]) * plane.buffer_size)
    return frame


def _block(card: TestCard, epoch_s: int, first: int) -> av.AudioFrame:
    samples = card.sound(epoch_s * SAMPLE_RATE + first, 1024)
    block = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
    lead = LEAD_TICKS * SAMPLE_RATE // 90_000
    block.sample_rate, block.pts, block.time_base = SAMPLE_RATE, first + lead, Fraction(1, SAMPLE_RATE)
    return block
