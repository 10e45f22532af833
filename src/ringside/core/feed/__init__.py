"""The feed: how an origin, or an edge's filler, tells edge workers what exists. Messages and their wire form."""

from ringside.core.feed.codec import BrokenFeed, Decoder, Frame, Handover, Report, encode
from ringside.core.feed.messages import (
    Appended,
    Cache,
    Closed,
    Document,
    Expected,
    Message,
    Opened,
    Playlist,
    Ranged,
    Removed,
    Synced,
)

__all__ = [
    "Appended", "BrokenFeed", "Cache", "Closed", "Decoder", "Document", "Expected", "Frame", "Handover", "Message",
    "Opened", "Playlist", "Ranged", "Removed", "Report", "Synced", "encode",
]  # fmt: skip
