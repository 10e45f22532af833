"""When a player asks again after a failure, from its profile's table: delays in seconds, or that it gives up.

Pure; the dice are passed in. It does not count: the caller says how often in a row a thing has failed, and starts from
one again after a success.
"""

from random import Random

from ringside.prove.crowd.player.base import Failure, Kind
from ringside.prove.crowd.player.profile import Backoff, Cause, Profile, Then


def cause_of(why: Failure | str | int) -> Cause:
    """Cause of a failure: a Failure, or a status as a number or as "status 404"."""
    if isinstance(why, Failure):
        return Cause.TIMEOUT if why is Failure.TIMEOUT else Cause.NETWORK
    status = why if isinstance(why, int) else int(why.rpartition(" ")[2])
    return Cause.CLIENT_ERROR if 400 <= status < 500 else Cause.SERVER_ERROR


def delay_s(
    profile: Profile, kind: Kind, cause: Cause, attempt: int, rng: Random, *, alone: bool = False
) -> float | None:
    """Wait before asking again after the `attempt`-th failure in a row (the first is 1), or None.

    None: no more tries. Where `then_of` says SWITCH, another rung is next; `alone` says that there is none left, and
    then None means the error screen.
    """
    retries = profile.loads[kind].on[cause]
    start_overs, tried = divmod(attempt - 1, retries.tries + 1)
    if start_overs and not _starts_over(retries.then, alone):
        return None
    if tried < retries.tries:
        return _draw(retries.wait, tried, rng)
    if retries.again is None or not _starts_over(retries.then, alone):
        return None
    return _draw(retries.again, start_overs, rng)


def then_of(profile: Profile, kind: Kind, cause: Cause) -> Then:
    """What the player does when `delay_s` says None."""
    return profile.loads[kind].on[cause].then


def _starts_over(then: Then, alone: bool) -> bool:
    return then is Then.AGAIN or (alone and then is Then.SWITCH)


def _draw(backoff: Backoff, times: int, rng: Random) -> float:
    wait_s = min(backoff.first_s * backoff.factor ** min(times, 64), backoff.longest_s)
    return wait_s * (1.0 + rng.uniform(-backoff.jitter, backoff.jitter)) if backoff.jitter else wait_s
