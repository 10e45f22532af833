"""Scaler: one programme picture in, one picture per rung out.

Each rung is scaled from the next larger one, which costs less than scaling each from the source and looks the
same. What leaves is yuv420p, BT.709, limited range, whatever came in; an untagged picture is taken to be that
already. Knows nothing of time.
"""

from collections.abc import Collection, Sequence

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from ringside.flow.encode.config import Rung

PIXELS = "yuv420p"
KNOWN_MATRICES = {1, 4, 5, 6, 7, 9}  # AVColorSpace with a matrix that swscale converts


class Scaler:
    """Keeps one swscale context per rung. `rungs` are largest first."""

    def __init__(self, rungs: Sequence[Rung]) -> None:
        self._rungs = rungs
        self._contexts = {rung.track: VideoReformatter() for rung in rungs}

    def scale(self, picture: av.VideoFrame, active: Collection[str]) -> dict[str, av.VideoFrame]:
        """The pictures of the rungs named in `active`; a rung of the source's own size gets the source itself."""
        pictures: dict[str, av.VideoFrame] = {}
        for rung in self._rungs:
            if rung.track in active:
                picture = self._contexts[rung.track].reformat(
                    picture,
                    rung.width,
                    rung.height,
                    PIXELS,
                    src_colorspace=None if picture.colorspace in KNOWN_MATRICES else Colorspace.ITU709,
                    dst_colorspace=Colorspace.ITU709,
                    src_color_range=_range(picture),
                    dst_color_range=ColorRange.MPEG,
                    interpolation=Interpolation.BICUBIC,
                    threads=1,
                )
                pictures[rung.track] = picture
        return pictures


def _range(picture: av.VideoFrame) -> int | None:
    """The range that `picture` is tagged with; limited for untagged yuv420p; else what its format implies (None)."""
    return picture.color_range or (ColorRange.MPEG if picture.format.name == PIXELS else None)
