"""Manifests: the origin's Renderer, made of the mux's writers. Stages do not know each other; this wires two."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from ringside.core.media import NS_PER_S, Timeline, Track, View, rescale
from ringside.flow.mux import dash, hls

MOST_S = 30.0
AFTER_S = 0.1  # from the end of the playlist's newest part to its capture, beside the part itself


def part_hold_back_s(target_s: float, timeline: Timeline) -> float:
    """How far from the playlist's end stock players are `target_s` behind; the same all through the event (§6.2.4)."""
    furthest_s = min(float(3 * timeline.segment_s), MOST_S)
    return round(min(max(0.0, target_s - float(timeline.part_s) - AFTER_S), furthest_s), 3)


class Manifests:
    """Writes every manifest of an event. One renderer per track keeps the text of old segments.

    `target_at(now_ns)`: the target latency, ms.
    """

    def __init__(
        self, timeline: Timeline, title: str, part_hold_back_s: float, target_at: Callable[[int], float]
    ) -> None:
        self._title = title
        self._timeline = timeline
        self._target_at = target_at
        self._hls = hls.Config(part_hold_back_s=part_hold_back_s)
        self._dash = dash.Config(segment_s=timeline.segment_s)
        self._anchored: dash.Anchor | None = None
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
        return hls.multivariant(tracks, self._title)

    def mpd(self, views: Sequence[View], now_ns: int) -> bytes:
        """The MPD."""
        config = self._dash.aiming(round(self._target_at(now_ns)), self._timeline.part_s)
        return dash.mpd(views, config, now_ns, self._anchor(views[0]))

    def _anchor(self, view: View) -> dash.Anchor | None:
        """Where a foreign encoder's segments lie; None for one that cuts on the event's timeline."""
        segment = next((s for s in reversed(view.segments) if not s.gap), view.segments[-1])
        start_s = Fraction(segment.start_ticks, view.track.timescale)
        if abs(start_s - segment.number * self._timeline.segment_s) < self._timeline.part_s:
            return None
        if self._anchored is None:
            self._anchored = dash.Anchor(
                segment.number, start_s, rescale(segment.start_ticks, view.track.timescale, NS_PER_S)
            )
        return self._anchored
