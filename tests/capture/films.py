"""Films for the tests of what is seen: pictures made of numbers, as they are or as an encoder leaves them."""

import io
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np

from ringside.flow.capture.paint import blank, planes

S = 1_000_000_000
SIZE = (320, 180)
FPS = 25
LOW = {"preset": "veryfast", "tune": "zerolatency", "b": "300k", "maxrate": "300k", "bufsize": "300k"}
Luma = Callable[[int], np.ndarray]  # of frame k


def picture(luma: np.ndarray | float, size: tuple[int, int] = SIZE) -> av.VideoFrame:
    """A grey picture."""
    frame = blank(*size)
    y, u, v = planes(frame)
    y[:] = np.clip(np.round(luma), 0, 255).astype(np.uint8)
    u[:] = v[:] = 128
    return frame


def natural(seed: int = 1) -> np.ndarray:
    """A large image whose detail falls with frequency as that of nature does; mean 0, deviation 1."""
    side = 512
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=(side, side)))
    down, across = np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None]
    image = np.fft.ifft2(noise / np.maximum(np.hypot(down, across), 1 / side)).real
    return image / image.std()


def pan(
    mean: float, contrast: float, pixels_per_s: float, until: int | None = None, size: tuple[int, int] = SIZE
) -> Luma:
    """A camera that turns slowly over a scene, and from frame `until` on shows the same picture."""
    (width, height), image = size, mean + contrast * natural()

    def luma(k: int) -> np.ndarray:
        at = pixels_per_s * (k if until is None else min(k, until)) / FPS
        left, share = int(at), at % 1
        return (1 - share) * image[:height, left : left + width] + share * image[:height, left + 1 : left + 1 + width]

    return luma


def encoded(luma: Luma, seconds: float, options: dict[str, str] = LOW) -> Iterator[tuple[int, av.VideoFrame]]:
    """The pictures with their times, through an encoder with a key picture every two seconds, and a decoder."""
    out = io.BytesIO()
    with av.open(out, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=FPS, options={**options, "g": str(2 * FPS)})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for k in range(round(seconds * FPS)):
            frame = picture(luma(k))
            frame.pts, frame.time_base = k, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    out.seek(0)
    with av.open(out) as container:
        for k, frame in enumerate(container.decode(video=0)):
            yield k * S // FPS, frame
