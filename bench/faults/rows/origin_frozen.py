"""The only origin is frozen for 2 s and 10 s: with 3 s of delay the first is not felt; the edge serves throughout.

The control: the same 2 s with a delay of 1 s.
"""

import time

from bench.faults import harm
from bench.faults.audience import watching
from bench.faults.options import Options
from bench.faults.stage import stage
from bench.faults.verdict import Bound, Row, Trial

BEFORE_S, AFTER_S = 2.0, 7.0
DELAY_S, SHORT_S = 3.0, 1.0
BACK_S = 2.0
VIEWERS = 200


def run(options: Options) -> Trial:
    """Two seconds with every bound, then ten, in which only who serves what there is does."""
    trial = play(options, 2.0, DELAY_S, stalls=True)
    trial.add(play(options, 10.0, DELAY_S, stalls=False))
    return trial


def control(options: Options) -> Trial:
    """Two seconds, and players with less than that."""
    return play(options, 2.0, SHORT_S, stalls=True)


def play(options: Options, for_s: float, target_s: float, stalls: bool) -> Trial:
    """Stop every process of the origin for so long; viewers are at an edge."""
    with stage(target_s) as there:
        origin = there.live()
        edge = there.edge([origin.url])
        processes = [pid for pid, role in origin.tree().items() if role != "studio"]
        with watching(there, edge, options, BEFORE_S + for_s + AFTER_S, viewers=VIEWERS, check=False, browsers=0,
                      target_s=target_s) as audience:  # fmt: skip
            audience.pause(BEFORE_S)
            at_s = time.time()
            with harm.frozen(*processes, for_s=for_s) as letters:
                audience.pause(for_s)
            again_s = at_s + for_s
            audience.until_end()
            watched = audience.leave()
        account = audience.account
    what = f"{for_s:.0f} s"
    bounds = [
        Bound(f"{what}: requests without an answer", len(account.unanswered), 0),
        Bound(f"{what}: new media after it woke", account.back_s(again_s, audience.ends_s, 0.4), BACK_S, "s"),
        Bound(f"{what}: numbers passed over or dates gone back", len(account.breaches) + len(account.missing()), 0),
        *watched.bounds(stalls=stalls),
    ]
    return Trial([harm.stopped("the origin", letters, for_s)], bounds, {what: watched.facts()})


ROW = Row(
    "origin frozen 2 s, 10 s; one origin",
    "2 s: no stall at 3 s delay; the edge serves what exists throughout; new media ≤ 1 segment after",
    run,
    "2 s of it at 1 s delay",
    control,
)
