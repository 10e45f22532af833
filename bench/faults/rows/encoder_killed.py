"""The encoder is killed and there is no second: GAP within one part, media again within 3 s, time goes on.

The control: the supervisor is stopped, so that nobody starts another.
"""

import contextlib
import time

from bench.faults import harm
from bench.faults.audience import Audience, watching
from bench.faults.options import Options
from bench.faults.stage import stage
from bench.faults.verdict import Bound, Row, Trial

BEFORE_S, AFTER_S = 2.0, 10.0
PART_S = 0.2
BACK_S = 3.0
VIEWERS = 200


def run(options: Options) -> Trial:
    """The supervisor sees to it."""
    return play(options, supervised=True)


def control(options: Options) -> Trial:
    """Nobody does."""
    return play(options, supervised=False)


def play(options: Options, supervised: bool) -> Trial:
    """Kill the studio once."""
    with stage() as there, contextlib.ExitStack() as held:
        live = there.live()
        with watching(there, live, options, BEFORE_S + AFTER_S, viewers=VIEWERS, check=supervised,
                      browsers=None if supervised else 0) as audience:  # fmt: skip
            audience.pause(BEFORE_S)
            if not supervised:
                held.enter_context(harm.frozen(live.process.pid))
            at_s = time.time()
            trial = Trial([harm.kill("the studio", live.child("studio"))])
            audience.until_end()
            trial.bounds += without_encoder(audience, at_s, at_s)
            held.close()
            watched = audience.leave()
        trial.bounds += watched.bounds(stalls=False) if supervised else []
        trial.facts = {**watched.facts(), "gaps": audience.account.gaps(at_s)}
    return trial


def without_encoder(audience: Audience, at_s: float, again_s: float, noticed_s: float = 0.0) -> list[Bound]:
    """What the playlist owes its players when the only encoder has gone at `at_s` and may come back from `again_s`.

    `noticed_s`: how long it may take to see that; a connection that closes says so at once.
    """
    account, until_s = audience.account, audience.ends_s
    unsaid_s = account.silence_s(at_s, until_s, media=False)[0] - PART_S
    back_s = account.back_s(at_s, until_s)
    return [
        Bound("nothing was told for, beyond a part's length", max(0.0, round(unsaid_s, 2)), PART_S + noticed_s, "s"),
        Bound("media again after", None if back_s is None else max(0.0, back_s - (again_s - at_s)), BACK_S, "s"),
        Bound("numbers passed over or dates gone back", len(account.breaches) + len(account.missing()), 0),
    ]  # fmt: skip


ROW = Row(
    "encoder killed, no second",
    "GAP or slate within one part; back ≤ 3 s; numbers and dates go on; no rule broken",
    run,
    "nobody starts it again",
    control,
)
