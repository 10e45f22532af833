"""Replay: what has left memory, or has ended, and may be asked for all the same.

names     what may be asked for, by path                            (pure)
library   what one session of an event offers, and its manifests    (pure)
"""

from ringside.flow.origin.replay.library import Library, Recording, Whole, Writers
from ringside.flow.origin.replay.names import Asked, Kind, asked

__all__ = ["Asked", "Kind", "Library", "Recording", "Whole", "Writers", "asked"]
