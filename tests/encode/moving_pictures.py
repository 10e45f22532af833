"""Pictures with detail that move, as a camera's do: a panned texture of natural spectrum, things crossing it, grain."""

import av
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float64]


def texture(height: int, width: int, rng: np.random.Generator) -> Plane:
    """A random field with the 1/f spectrum of natural pictures, mean 0, deviation 1; it wraps around."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    amplitude = 1 / np.maximum(frequency, 1 / max(height, width)) ** 1.1
    field = np.fft.irfft2(amplitude * np.exp(2j * np.pi * rng.random(amplitude.shape)), s=(height, width))
    return (field - field.mean()) / field.std()


def moving(width: int, height: int, count: int, seed: int = 1) -> list[av.VideoFrame]:
    """`count` yuv420p pictures of `width`x`height`."""
    rng = np.random.default_rng(seed)
    luma = np.clip(texture(height, 2 * width, rng) * 38 + 120, 16, 235)
    chroma = [np.clip(texture(height // 2, width, rng) * 14 + 128, 16, 240).astype(np.uint8) for _ in range(2)]
    size = max(4, height // 6)
    thing = np.clip(texture(size, size, rng) * 45 + 128, 16, 235)
    grain = rng.normal(0, 2, (8, height, width))
    speed = max(2, width // 320) // 2 * 2
    pictures = []
    for k in range(count):
        y = np.roll(luma, -speed * k, axis=1)[:, :width] + grain[k % 8]
        for n in range(5):
            x, top = (k * (n + 2) + n * width // 5) % (width - size), (k * n + n * height // 6) % (height - size)
            y[top : top + size, x : x + size] = thing
        planes = [np.clip(y, 16, 235).astype(np.uint8)]
        planes += [np.roll(c, -speed * k // 2, axis=1)[:, : width // 2] for c in chroma]
        flat = np.concatenate([plane.ravel() for plane in planes]).reshape(height * 3 // 2, width)
        pictures.append(av.VideoFrame.from_ndarray(flat, format="yuv420p"))
    return pictures
