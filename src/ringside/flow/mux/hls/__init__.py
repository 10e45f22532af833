"""HLS: every tag a file, playlists composed of them, and the playlists of an event rendered from its views."""

from ringside.flow.mux.hls.multivariant import multivariant
from ringside.flow.mux.hls.playlist import MediaPlaylist, MediaSegment, Multivariant, Variant
from ringside.flow.mux.hls.render import Config, MediaRenderer
from ringside.flow.mux.hls.tag import Malformed, Tag, Unknown
from ringside.flow.mux.hls.whole import WholeRenderer

__all__ = [
    "Config", "Malformed", "MediaPlaylist", "MediaRenderer", "MediaSegment", "Multivariant", "Tag", "Unknown",
    "Variant", "WholeRenderer", "multivariant",
]  # fmt: skip
