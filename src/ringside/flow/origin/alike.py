"""Alike: what a track must have in common with what its name stood for so far. Pure."""

from dataclasses import replace
from typing import Any

from ringside.core.media import Track
from ringside.flow.origin.refused import Refused


def shape(track: Track) -> tuple[Any, ...]:
    """What cannot change without a discontinuity."""
    return (track.codec, track.width, track.height, track.sample_rate, track.channels)


def with_rates_of(old: Track, new: Track) -> Track:
    """`new`; where its header says nothing of bit rates, with those that were estimated before."""
    if new.bandwidth_bps:
        return new
    return replace(new, bandwidth_bps=old.bandwidth_bps, average_bps=old.average_bps)


def check_same(old: Track, new: Track) -> None:
    """Raises Refused 409 where `new` cannot take the place of `old`."""
    if old.kind != new.kind:
        raise Refused(409, f"track {new.name} carries {old.kind}; {new.kind} needs a track name of its own")
    if old.timescale != new.timescale:
        raise Refused(
            409, f"track {new.name} has a timescale of {old.timescale}, not {new.timescale}: "
            "keep the frame rate and sample rate, or publish under another track name",
        )  # fmt: skip
