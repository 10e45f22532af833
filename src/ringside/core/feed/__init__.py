"""The feed: how an origin, or an edge's filler, tells edge workers what exists. Messages and their wire form."""

from ringside.core.feed.codec import BrokenFeed, Decoder, Frame, Handover, Report, Wanted, encode, growth
from ringside.core.feed.messages import (
    PULLED,
    Anew,
    Appended,
    Beat,
    Cache,
    Closed,
    Document,
    Expected,
    Fresh,
    Kept,
    Message,
    Opened,
    Playlist,
    Pulled,
    Ranged,
    Removed,
    Streamed,
    Synced,
    Turn,
)

__all__ = [
    "PULLED", "Anew", "Appended", "Beat", "BrokenFeed", "Cache", "Closed", "Decoder", "Document", "Expected", "Frame",
    "Fresh", "Handover", "Kept", "Message", "Opened", "Playlist", "Pulled", "Ranged", "Removed", "Report", "Streamed",
    "Synced", "Turn", "Wanted", "encode", "growth",
]  # fmt: skip
