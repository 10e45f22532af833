"""Playheads for tests: players that open at once, and one that has begun or plays."""

from dataclasses import replace

from ringside.prove.crowd.player import stock
from ringside.prove.crowd.player.base import Feel
from ringside.prove.crowd.player.playhead import Playhead
from ringside.prove.crowd.player.profile import Profile

DASH_JS, HLS_JS, RINGSIDE_HLS, SHAKA = (
    replace(profile, opening_s=0.0) for profile in (stock.DASH_JS, stock.HLS_JS, stock.RINGSIDE_HLS, stock.SHAKA)
)
BARE = replace(HLS_JS, startup_s=0.5, resume_s=1.0)
OPENING = replace(BARE, opening_s=0.3)


def begun(profile: Profile = BARE, now_s: float = 10.0, position_s: float = 100.0) -> Playhead:
    playhead = Playhead(profile, Feel(now_s))
    playhead.begin(now_s, position_s)
    return playhead


def playing(end_s: float = 101.0, profile: Profile = BARE) -> Playhead:
    playhead = begun(profile)
    playhead.advance(10.0, end_s)
    assert playhead.playing
    return playhead
