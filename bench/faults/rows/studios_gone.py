"""Both studios are killed, one comes back after 8 s: GAP within a part, slate, then the picture, marked as it must be.

The control: the origin's supervisor is stopped, so that there is no slate either.
"""

import contextlib
import time

from bench.faults import harm
from bench.faults.audience import watching
from bench.faults.options import Options
from bench.faults.pictures import pictures
from bench.faults.rows.source_gone import MARGIN_S, VIEWERS
from bench.faults.stage import stage
from bench.faults.verdict import Bound, Row, Trial

BEFORE_S, AWAY_S, AFTER_S = 2.0, 8.0, 9.0
PART_S, SLATE_S, BACK_S = 0.2, 3.0, 6.0


def run(options: Options) -> Trial:
    """The origin sees to it."""
    return play(options, slate=True)


def control(options: Options) -> Trial:
    """It cannot."""
    return play(options, slate=False)


def play(options: Options, slate: bool) -> Trial:
    """Kill both, start one."""
    with stage() as there, contextlib.ExitStack() as held:
        origin = there.origin()
        names = ("first", "second")
        both = [there.studio([origin.url], "--name", each, "--order", str(at), name=f"studio-{each}")
                for at, each in enumerate(names)]  # fmt: skip
        there.on_air(origin)
        with watching(there, origin, options, BEFORE_S + AWAY_S + AFTER_S, viewers=VIEWERS, check=slate,
                      browsers=None if slate else 0) as audience:  # fmt: skip
            audience.pause(BEFORE_S)
            if not slate:
                held.enter_context(harm.frozen(origin.process.pid))
            at_s = time.time()
            trial = Trial([each.kill() for each in both])
            audience.pause(AWAY_S)
            again_s = time.time()
            there.studio([origin.url], "--name", "first", "--order", "0", name="studio-first")
            audience.until_end()
            account = audience.account
            shown = pictures(origin, at_s - 1, time.time() - MARGIN_S)
            held.close()
            watched = audience.leave()
    untold_s = account.silence_s(at_s, again_s, media=False)[0] - PART_S
    first_slate_s = next((each.at_s for each in shown if each.at_s > at_s and each.strip_ms is None), None)
    back_s = next((each.at_s for each in shown if each.at_s > again_s and each.strip_ms is not None), None)
    trial.bounds = [
        Bound("nothing was told for, beyond a part's length", max(0.0, round(untold_s, 2)), PART_S, "s"),
        Bound("slate after", None if first_slate_s is None else first_slate_s - at_s, SLATE_S, "s"),
        Bound("picture after a studio was started", None if back_s is None else back_s - again_s, BACK_S, "s"),
        Bound("numbers passed over or dates gone back", len(account.breaches) + len(account.missing()), 0),
        *(watched.bounds(stalls=False) if slate else []),
    ]
    trial.facts = {**watched.facts(), "discontinuities": len(account.discontinuities), "gaps": account.gaps(at_s)}
    return trial


ROW = Row(
    "both studios killed, one back after 8 s",
    "GAP within one part; slate ≤ 3 s; then the picture; numbers and dates go on; no rule broken",
    run,
    "the origin cannot start a slate",
    control,
)
