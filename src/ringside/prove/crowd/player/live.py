"""Live: what a DASH player makes of a manifest and the time: where the live edge is and how far behind it to play.

Also when a segment may be asked for, and which rates hold the latency. Values enter, values leave; the numbers stand in
the Profile. A position is presentation time.
"""

from dataclasses import replace
from math import ceil, inf
from random import Random

from ringside.prove.crowd.player.base import Viewer, World
from ringside.prove.crowd.player.presentation import Presentation, Reference, Representation
from ringside.prove.crowd.player.profile import Profile, Shape
from ringside.prove.crowd.player.segments import Segment
from ringside.prove.crowd.player.stock import PAIRS

TIMER_S = 0.004
"""A timer of 0 ms comes that late in a browser: dash.js looks so often for a segment to become available."""
OWN_RATES = ("ringside",)
"""Profiles whose page sets the rates, so that the manifest's do not count."""


def plain(profile: Profile) -> Profile:
    """The habits of the same player on a stream without low latency."""
    return next((ordinary for ordinary, low in PAIRS if low.name == profile.name), profile)


def fitted(profile: Profile, presentation: Presentation) -> Profile:
    """The profile with the rates that the ServiceDescription allows (Annex K.3.2)."""
    catch_up, rates = profile.catch_up, presentation.rates
    if rates is None or catch_up.shape is Shape.NONE or profile.name.startswith(OWN_RATES):
        return profile
    slowest, fastest = min(1.0, max(0.5, rates[0])), min(2.0, max(1.0, rates[1]))
    least_change = 0.04 * (fastest - 1.0) if catch_up.least_change else 0.0
    seek_after_s = catch_up.seek_after_s
    latency = presentation.latency
    if seek_after_s < inf and latency is not None and latency.max_s is not None and latency.max_s > latency.target_s:
        seek_after_s = latency.max_s - latency.target_s + 0.5
    found = replace(catch_up, slowest=slowest, fastest=fastest, least_change=least_change, seek_after_s=seek_after_s)
    return replace(profile, catch_up=found)


def delay_behind_s(profile: Profile, presentation: Presentation, segment_s: float) -> float:
    """How far behind live to play, by the first of the profile's sources that the manifest has."""
    found = 0.0
    for source in profile.target.sources:
        if source == "ServiceDescription" and presentation.latency is not None:
            found = presentation.latency.target_s
        elif source == "suggestedPresentationDelay":
            found = presentation.delay_s or 0.0
        if found > 0:
            break
    else:
        found = profile.target.durations * (segment_s or presentation.min_buffer_s or 1.0)
    return min(found, presentation.depth_s) if presentation.depth_s > 0 else found


def capture_offset_s(presentation: Presentation) -> float:
    """Unix time of capture minus presentation time, as the manifest has it: its reference, else its epoch."""
    reference = reference_of(presentation)
    return presentation.epoch_s if reference is None else reference.unix_s - reference.shown_s


def reference_of(presentation: Presentation) -> Reference | None:
    """The ProducerReferenceTime that latency is counted by: the one that Latency names, else the first."""
    found = [one.reference for period in presentation.periods for one in period.sets if one.reference is not None]
    named = presentation.latency.reference if presentation.latency is not None else None
    return next((one for one in found if one.id == named), found[0] if found else None)


def clocks_of(presentation: Presentation) -> list[str]:
    """URLs to ask for the time, in order (§5.8.5.7)."""
    return [url for scheme, url in presentation.clocks if ":http-" in scheme and url.startswith("http")]


def ask_s(now_s: float, available_s: float, poll_s: float, rng: Random) -> float:
    """When a player that looks every `poll_s` asks for what is available from `available_s` on; 0: at once."""
    if available_s <= now_s:
        return 0.0
    if not poll_s:
        return available_s + rng.random() * TIMER_S
    return now_s + ceil((available_s - now_s) / poll_s) * poll_s


def is_chunked(presentation: Presentation) -> bool:
    """Segments may be read while they are produced: the player goes into its low-latency mode."""
    return presentation.dynamic and any(
        rung.chunked for period in presentation.periods for one in period.sets for rung in one.representations
    )


class Live:
    """One viewer's place in a presentation. `target_s` is how far behind its own time to play; 0 where it is static.

    `deaf`: the viewer ignores low latency where the manifest has it, and so the distance that is meant for it.
    """

    __slots__ = ("_deaf", "_viewer", "_world", "presentation", "profile", "target_s")

    def __init__(
        self, presentation: Presentation, profile: Profile, world: World, viewer: Viewer, deaf: bool = False
    ) -> None:
        self._deaf = deaf
        self.presentation = presentation
        self.profile = profile
        self.target_s = 0.0
        self._world = world
        self._viewer = viewer

    @property
    def dynamic(self) -> bool:
        """The event is on."""
        return self.presentation.dynamic

    def edge_s(self, now_s: float) -> float:
        """The presentation's own time."""
        return now_s + self._world.utc_offset_s - self.presentation.epoch_s

    def join_s(self, now_s: float) -> float:
        """Where to start: the target behind live, the beginning of what has ended."""
        found = self.presentation
        if not found.dynamic:
            return found.start_s
        edge_s = self.edge_s(now_s)
        period = found.period_at(edge_s)
        segment_s = max(one.representations[0].segments.duration_s for one in period.sets)
        self.target_s = self._viewer.dvr_s or self._delay_s(segment_s)
        return max(found.start_s, edge_s - self.target_s)

    def _delay_s(self, segment_s: float) -> float:
        """Behind the presentation's time, where the manifest's target is behind the moment of capture."""
        found = self.presentation
        if self._deaf:
            return self.profile.target.durations * segment_s
        delay_s = delay_behind_s(self.profile, found, segment_s)
        if found.latency is None or found.latency.reference is None:
            return delay_s
        return max(0.0, delay_s - (found.epoch_s - capture_offset_s(found)))

    def asks_s(self, now_s: float, segment: Segment, representation: Representation) -> float:
        """When to ask for a segment; 0: at once."""
        found = self.presentation
        if not found.dynamic or representation.segments.published:
            return 0.0
        available_s = found.epoch_s + segment.end_s - representation.early_s - self._world.utc_offset_s
        return ask_s(now_s, available_s, self.profile.poll_s, self._viewer.rng)

    def latency_s(self, now_s: float, position_s: float, anchor_s: float | None) -> float:
        """Behind the moment of capture, which is `anchor_s` after the presentation time, or as the manifest has it."""
        offset_s = capture_offset_s(self.presentation) if anchor_s is None else anchor_s
        return now_s + self._world.utc_offset_s - position_s - offset_s
