"""Pictures: what was published, picture by picture and beep by beep, decoded from the segments that viewers are given.

What enters: a running event and a span of time. What leaves: of each picture when it is on the timeline (Unix seconds),
what its strip says, how light it is; and when each beep begins. Which camera a picture is from is told by its strip.
"""

import io
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from bench.faults.film import SECONDS
from bench.faults.stage import TRACK, Running
from bench.harness import get
from ringside.flow.capture import strip
from ringside.flow.mux.hls.playlist import MediaPlaylist

SEGMENT_S = 2
QUIET_S = 0.3
LOUD = 0.02
HELD_S = 0.008
"""A picture of less than this is there for the decoder, not for viewers."""


class Picture(NamedTuple):
    """One picture of the programme."""

    at_s: float
    strip_ms: int | None
    luma: float

    def of(self, epoch_s: int) -> bool:
        """Whether it is from the camera whose film has that epoch."""
        return self.strip_ms is not None and 0 <= self.strip_ms - epoch_s * 1000 < SECONDS * 1000


def media(at: Running, track: str, from_s: float, until_s: float) -> Iterator[bytes]:
    """Each whole segment there is of a span of time, with its header."""
    base = f"{at.live}/{track}"
    playlist = MediaPlaylist.parse(get(f"{base}/index.m3u8").decode())
    header = b""
    for number, segment in playlist.numbered():
        if segment.map is not None:
            header = get(f"{base}/{segment.map.uri}")
        if segment.uri and not segment.gap and from_s - SEGMENT_S < number * SEGMENT_S < until_s:
            yield header + get(f"{base}/{segment.uri.rsplit('/', 1)[-1]}")


def opened(data: bytes) -> InputContainer:
    """A file in memory."""
    container = av.open(io.BytesIO(data))
    assert isinstance(container, InputContainer)
    return container


def pictures(at: Running, from_s: float, until_s: float, track: str = TRACK) -> list[Picture]:
    """The pictures of a span of time, in order."""
    found: list[Picture] = []
    for data in media(at, track, from_s, until_s):
        with opened(data) as container:
            for frame in container.decode(video=0):
                luma: NDArray[np.uint8] = frame.to_ndarray(format="gray")  # type: ignore[assignment]
                at_s = float((frame.pts or 0) * (frame.time_base or 0))
                found.append(Picture(at_s, strip.decode(luma), float(luma.mean())))
    return [each for each in sorted(found) if from_s <= each.at_s < until_s]


def beeps(at: Running, from_s: float, until_s: float, track: str = "a") -> list[float]:
    """When each beep begins, Unix seconds."""
    found: list[float] = []
    quiet_s = 0.0
    for data in media(at, track, from_s, until_s):
        with opened(data) as container:
            for frame in container.decode(audio=0):
                began_s = float((frame.pts or 0) * (frame.time_base or 0))
                loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > LOUD) / frame.sample_rate
                last_s = -quiet_s
                for onset_s in loud:
                    if onset_s - last_s > QUIET_S:
                        found.append(began_s + float(onset_s))
                    last_s = float(onset_s)
                quiet_s = frame.samples / frame.sample_rate - last_s
    return [each for each in found if from_s <= each < until_s]


def seconds(shown: Sequence[Picture]) -> list[float]:
    """When the pictures of a camera passed a whole second of its own, which is when it beeps."""
    known = [each for each in shown if each.strip_ms is not None]
    return [b.at_s for a, b in pairwise(known) if (b.strip_ms or 0) // 1000 != (a.strip_ms or 0) // 1000
            and b.at_s - a.at_s < 2 / 30]  # fmt: skip


def apart_s(flashes: Sequence[float], heard: Sequence[float]) -> float | None:
    """How far sound is from picture at most: of each flash, to the nearest beep within 0.45 s; None without a pair."""
    pairs = []
    for flash_s in flashes:
        at = bisect_left(heard, flash_s)
        near = min((abs(heard[i] - flash_s) for i in (at - 1, at) if 0 <= i < len(heard)), default=1.0)
        pairs += [near] if near < 0.45 else []
    return max(pairs, default=None)


def holes(shown: Sequence[Picture], frame_s: float = 1 / 30) -> int:
    """Pictures that are missing: as many as the grid has between two neighbours."""
    return sum(max(0, round((b.at_s - a.at_s) / frame_s) - 1) for a, b in pairwise(shown))


def away_s(shown: Sequence[Picture], epoch_s: int) -> float | None:
    """The longest time without a picture of a camera, between two of its pictures; None where it had fewer than two."""
    times = [each.at_s for each in shown if each.of(epoch_s)]
    return max((b - a for a, b in pairwise(times)), default=None)
