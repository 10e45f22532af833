"""The feed: how an origin, or an edge's filler, tells edge workers what exists. Messages and their wire form."""

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
)

__all__ = [
    "Appended", "Cache", "Closed", "Document", "Expected", "Message", "Opened", "Playlist", "Ranged", "Removed",
]  # fmt: skip
