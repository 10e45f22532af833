"""What a DASH player makes of a manifest: how far behind live to play, at which rates, and when to ask for a segment.

Values enter, values leave; the numbers stand in the Profile.
"""

from dataclasses import replace
from math import ceil, inf
from random import Random

from ringside.prove.crowd.player.presentation import Presentation, Reference
from ringside.prove.crowd.player.profile import Profile, Shape

TIMER_S = 0.004
"""A timer of 0 ms comes that late in a browser: dash.js looks so often for a segment to become available."""
OWN_RATES = ("ringside",)
"""Profiles whose page sets the rates, so that the manifest's do not count."""


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
