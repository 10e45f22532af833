"""Manifests: the origin's Renderer, made of the mux's writers. Stages do not know each other; this wires two."""

from collections.abc import Sequence

from ringside.core.media import Timeline, Track, View
from ringside.flow.mux import dash, hls


class Manifests:
    """Writes every manifest of an event. One renderer per track keeps the text of old segments."""

    def __init__(self, timeline: Timeline, part_hold_back_s: float) -> None:
        self._timeline = timeline
        self._hls = hls.Config(part_hold_back_s=part_hold_back_s) if part_hold_back_s else hls.Config()
        self._dash = dash.Config(segment_s=float(timeline.segment_s))
        self._media: dict[str, hls.MediaRenderer] = {}

    def media(self, view: View, siblings: Sequence[View]) -> tuple[bytes, bytes]:
        """The media playlist of `view`, and its delta update."""
        name = view.track.name
        renderer = self._media.get(name)
        if renderer is None:
            renderer = self._media[name] = hls.MediaRenderer(name, self._hls)
        return renderer.render(view, [(f"../{each.track.name}/index.m3u8", each) for each in siblings])

    def multivariant(self, tracks: Sequence[Track]) -> bytes:
        """The multivariant playlist."""
        return hls.multivariant(tracks)

    def mpd(self, views: Sequence[View], now_ns: int) -> bytes:
        """The MPD."""
        return dash.mpd(views, self._dash, now_ns)
