"""Where a viewer's picture is, and how long it has stood still: exact, in closed form, with no ticking.

Enters how far media reaches without a gap, each time that changes; leaves position, rate and stalls. Between two calls
the media known at the first is all there was: if it ran out on the way, the stall is dated at the moment it did. What
that media is, and whether it is asked for, is not known here.
"""

from math import exp, inf

from ringside.prove.crowd.player.base import Feel
from ringside.prove.crowd.player.profile import CatchUp, Profile, Shape

_ROUNDING_S = 1e-6
"""Running out by less than this is arithmetic, not a stall."""
_NO_SHAPE, _STEP = Shape.NONE, Shape.STEP


class Playhead:
    """Waiting for its first picture, then playing or stalled, until it has played out."""

    __slots__ = (
        "_end_s",
        "_far_since_s",
        "_last",
        "_need_s",
        "_now_s",
        "_resume_s",
        "_shows_s",
        "_starved",
        "feel",
        "playing",
        "position_s",
        "profile",
        "rate",
    )

    def __init__(self, profile: Profile, feel: Feel) -> None:
        self.profile = profile
        self.feel = feel
        self.position_s = 0.0
        """On the media timeline, at the moment of the last call."""
        self.rate = 1.0
        self.playing = False
        self._now_s = 0.0
        self._end_s = -inf
        self._need_s = inf
        """Media ahead that sets it in motion; inf before `begin` and after the end."""
        self._resume_s = profile.resume_s
        self._last = False
        self._shows_s: float | None = None
        """When the first picture is shown, once enough is there for it."""
        self._starved = False
        self._far_since_s: float | None = None

    def begin(self, now_s: float, position_s: float) -> None:
        """Playback is to start at `position_s`, as soon as enough is buffered there."""
        self.position_s = position_s
        self._now_s = now_s
        self._end_s = position_s
        self._need_s = self.profile.startup_s

    def advance(self, now_s: float, buffered_end_s: float) -> None:
        """It is `now_s`, and from now on media reaches without a gap from the position to `buffered_end_s`."""
        if not self.playing and self._shows_s is not None and now_s >= self._shows_s:
            self._now_s, self._shows_s = self._shows_s, None
            self._play(self._now_s)
        if self.playing:
            passed_s = now_s - self._now_s
            position_s = self.position_s + passed_s * self.rate
            if position_s <= self._end_s:
                self.feel.watched_s += passed_s
                self.position_s = position_s
                self._now_s = now_s
                self._end_s = buffered_end_s
                return
            self._run_dry(now_s, position_s)
        self._now_s = now_s
        self._end_s = buffered_end_s
        if not self.playing and buffered_end_s - self.position_s >= self._need_s:
            self._set_off(now_s)

    def ended(self, now_s: float) -> None:
        """No more media will come: what there is plays out, and its end is no stall."""
        self.advance(now_s, self._end_s)
        self._last = True
        if self.playing or self._need_s == inf:
            return
        if self._end_s > self.position_s:
            self._play(now_s)
        else:
            self._stop(now_s)

    def seek(self, now_s: float, position_s: float, buffered_end_s: float | None = None) -> None:
        """Go on from `position_s`, where media reaches to `buffered_end_s`.

        Without it, what lies ahead now is taken to be all there is. With too little there, the picture stands: a stall.
        """
        self.advance(now_s, self._end_s)
        if buffered_end_s is None:
            buffered_end_s = self._end_s if position_s >= self.position_s else position_s
        self.position_s = position_s
        self._end_s = max(buffered_end_s, position_s)
        self._far_since_s = None
        self._resume_s = self.profile.resume_s
        ahead_s = self._end_s - position_s
        if self.playing and ahead_s < self.profile.startup_s and not self._last:
            self._stand(now_s)
            self._need_s = self.profile.startup_s
            self._resume_s = self.profile.resume_s
        elif not self.playing and ahead_s >= self._need_s:
            self._set_off(now_s)
        elif not self.playing:
            self._shows_s = None

    def steer(
        self, now_s: float, latency_s: float, target_s: float, buffer_s: float, duration_s: float = inf
    ) -> float | None:
        """Set `rate` by the latency; a position to seek to where that is how this player comes back, else None.

        `duration_s` is the target duration: farther behind the target than that and `target_s` together, hls.js takes
        it for the viewer's choice and leaves the rate at 1.
        """
        catch_up = self.profile.catch_up
        if catch_up.shape is _NO_SHAPE:
            return None
        away_s = latency_s - target_s
        if catch_up.starved_s:
            self._note_starvation(catch_up, buffer_s, target_s)
        if away_s > catch_up.seek_after_s:
            if self._far_since_s is None:
                self._far_since_s = now_s
            if now_s - self._far_since_s >= catch_up.seek_held_s:
                self._far_since_s = None
                return self.position_s + (now_s - self._now_s) * (self.rate if self.playing else 0.0) + away_s
        else:
            self._far_since_s = None
        calm = self._starved or buffer_s <= catch_up.least_buffer_s or away_s >= target_s + duration_s
        rate = 1.0 if calm else rate_for(catch_up, away_s)
        if rate != self.rate and (rate == 1.0 or abs(rate - self.rate) >= catch_up.least_change):
            self.advance(now_s, self._end_s)
            self.rate = rate
        return None

    def _note_starvation(self, catch_up: CatchUp, buffer_s: float, target_s: float) -> None:
        if buffer_s <= catch_up.starved_s:
            self._starved = True
        elif self._starved and buffer_s > target_s * catch_up.recovered:
            self._starved = False

    def _run_dry(self, now_s: float, position_s: float) -> None:
        """The media ended at some moment up to `now_s`; that moment is when the picture stopped."""
        over_s = position_s - self._end_s
        if over_s < _ROUNDING_S and not self._last:
            self.feel.watched_s += now_s - self._now_s
            self.position_s = self._end_s
            return
        dry_s = min(now_s, self._now_s + (self._end_s - self.position_s) / self.rate)
        self.feel.watched_s += dry_s - self._now_s
        self.position_s = self._end_s
        if self._last:
            self._stop(dry_s)
        else:
            self._stand(dry_s)

    def _stand(self, since_s: float) -> None:
        feel = self.feel
        self.playing = feel.playing = False
        feel.stalls += 1
        feel.stall_began_s = since_s
        self._need_s = self._resume_s
        self._resume_s = min(self._resume_s * self.profile.resume_growth, self.profile.resume_most_s)

    def _set_off(self, now_s: float) -> None:
        """Enough is there: play, the first time as late as the player opens."""
        if self.feel.first_frame_s is not None or not self.profile.opening_s:
            self._play(now_s)
        elif self._shows_s is None:
            self._shows_s = now_s + self.profile.opening_s

    def _play(self, now_s: float) -> None:
        feel = self.feel
        self.playing = feel.playing = True
        if feel.first_frame_s is None:
            feel.first_frame_s = now_s
        if feel.stall_began_s is not None:
            feel.stalled_s += now_s - feel.stall_began_s
            feel.stall_began_s = None

    def _stop(self, now_s: float) -> None:
        """Played out: nothing sets it in motion again but a seek."""
        feel = self.feel
        self.playing = feel.playing = False
        if feel.stall_began_s is not None:
            feel.stalled_s += now_s - feel.stall_began_s
            feel.stall_began_s = None
        self._need_s = inf


def rate_for(catch_up: CatchUp, away_s: float) -> float:
    """The playback rate `away_s` behind the target (negative: ahead of it)."""
    if abs(away_s) <= catch_up.tolerance_s:
        return 1.0
    if catch_up.shape is _STEP:
        return catch_up.fastest if away_s > 0 else catch_up.slowest
    reach = catch_up.reach or (catch_up.fastest - 1.0 if away_s > 0 else 1.0 - catch_up.slowest)
    rate = 1.0 - reach + 2.0 * reach / (1.0 + exp(-min(max(catch_up.steepness * away_s, -50.0), 50.0)))
    if catch_up.grain:
        rate = round(rate / catch_up.grain) * catch_up.grain
    return min(max(rate, catch_up.slowest), catch_up.fastest)
