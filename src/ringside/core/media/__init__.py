"""The media nouns: Timestamp, Track, Frame, Chunk, Segment, Timeline. Pure values; nothing here does anything."""

from ringside.core.media.chunk import Chunk
from ringside.core.media.frame import Frame
from ringside.core.media.segment import Part, Segment, View
from ringside.core.media.timeline import Place, Timeline
from ringside.core.media.timestamp import NS_PER_S, Timestamp, rescale
from ringside.core.media.track import Grid, Kind, Track

__all__ = [
    "NS_PER_S", "Chunk", "Frame", "Grid", "Kind", "Part", "Place", "Segment", "Timeline", "Timestamp", "Track",
    "View", "rescale",
]  # fmt: skip
