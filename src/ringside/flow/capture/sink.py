"""Sink: what every source hands its pictures and sound to.

A source decodes, says what it knows of time, and decides nothing: mapping its clock to UTC, choosing between
sources and falling back to slate are the programme's. Sources call a sink from threads of their own.
"""

from fractions import Fraction
from typing import Protocol

import av


class Sink(Protocol):
    """Takes decoded media from one source. `pts_ns` is on the source's clock, `arrival_ns` is Unix time."""

    def opened(self, description: str, aspect: Fraction = Fraction(1)) -> None:
        """The source is there, e.g. "1280x720 h264 30 fps, aac 48 kHz"; `aspect` is the shape of its pixels."""

    def video(self, picture: av.VideoFrame, pts_ns: int, arrival_ns: int) -> None:
        """One decoded picture, of any size and pixel format."""

    def audio(self, sound: av.AudioFrame, pts_ns: int, arrival_ns: int) -> None:
        """One block of decoded samples, of any rate, format and layout."""

    def closed(self, reason: str) -> None:
        """The source is gone for now; it may open again. `reason` is a sentence for the operator."""
