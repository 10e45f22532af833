"""Renderer: what the origin needs of a manifest writer. The stages are wired by whoever runs them."""

from collections.abc import Sequence
from typing import Protocol

from ringside.core.media import Track, View


class Renderer(Protocol):
    """Writes manifests; pure."""

    def media(self, view: View, siblings: Sequence[View]) -> tuple[bytes, bytes]:
        """The media playlist of `view`, and its delta update (empty when nothing can be skipped)."""

    def multivariant(self, tracks: Sequence[Track]) -> bytes:
        """The multivariant playlist of tracks that are there."""

    def mpd(self, views: Sequence[View], now_ns: int) -> bytes:
        """The MPD; static once the views have ended."""
