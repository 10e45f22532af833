"""Of two studios the preferred one is killed, machine and all, and comes back: at most a frame is seen twice.

What was published is decoded: every picture is there once, in order. The control: there is no second studio.
"""

import time
from collections.abc import Callable
from itertools import pairwise

from bench.faults.audience import Audience, watching
from bench.faults.options import Options
from bench.faults.pictures import holes, pictures
from bench.faults.rows.source_gone import MARGIN_S
from bench.faults.stage import Running, Stage, stage
from bench.faults.verdict import Bound, Fired, Row, Trial

BEFORE_S, AWAY_S, AFTER_S = 2.0, 8.0, 10.0
PART_S, NOTICED_S = 0.2, 0.5
CONTROL_VIEWERS = 100
Fault = Callable[[Stage, Running, Running, Audience], Fired]


def run(options: Options) -> Trial:
    """With a second one."""
    return play(options, killed, second=True)


def control(options: Options) -> Trial:
    """With none."""
    return play(options, killed, second=False)


def killed(there: Stage, origin: Running, first: Running, audience: Audience) -> Fired:
    """SIGKILL for all of its processes; then it is started again."""
    fired = first.kill()
    audience.pause(AWAY_S)
    there.studio([origin.url], "--name", "first", "--order", "0", name="studio-first")
    return fired


def play(options: Options, fault: Fault, second: bool) -> Trial:
    """Do it once, before everybody."""
    with stage() as there:
        origin = there.origin()
        first = there.studio([origin.url], "--name", "first", "--order", "0", name="studio-first")
        if second:
            there.studio([origin.url], "--name", "second", "--order", "1", name="studio-second")
        there.on_air(origin)
        if second:
            there.wait(origin, lambda: len(candidates(origin)) > 1, "have two studios")
        lasts_s = BEFORE_S + AWAY_S + AFTER_S
        with watching(there, origin, options, lasts_s, viewers=None if second else CONTROL_VIEWERS, check=second,
                      browsers=None if second else 0) as audience:  # fmt: skip
            audience.pause(BEFORE_S)
            at_s = time.time()
            fired = fault(there, origin, first, audience)
            audience.until_end()
            trial = Trial([fired], published(origin, audience, at_s))
            trial.facts["status"] = origin.status()["origin"]
            watched = audience.leave()
        trial.bounds += watched.bounds()
        trial.facts |= watched.facts()
    return trial


def candidates(origin: Running) -> set[str]:
    """The studios that the origin knows for its tracks, by name."""
    tracks = origin.status()["origin"]["tracks"].values()
    return {one["studio"] for track in tracks for one in track.get("candidates", ())}


def published(origin: Running, audience: Audience, at_s: float) -> list[Bound]:
    """What came out of the origin from then on."""
    account, until_s = audience.account, time.time()
    shown = pictures(origin, at_s - 1, until_s - MARGIN_S)
    repeated = sum(a.strip_ms == b.strip_ms for a, b in pairwise(shown))
    late_s = account.silence_s(at_s, until_s, media=True)[0] - PART_S
    return [
        Bound("noticed: no new part for, beyond its length", max(0.0, late_s), NOTICED_S, "s"),
        Bound("pictures missing", holes(shown), 0),
        Bound("pictures shown twice", repeated, 2),
        Bound("GAP parts and segments", account.gaps(at_s), 0),
        Bound("discontinuities", len(account.discontinuities), 0),
        Bound("numbers passed over or dates gone back", len(account.breaches) + len(account.missing()), 0),
    ]


ROW = Row(
    "studio killed, a second one running",
    "noticed ≤ 0.5 s; no stall at 2 s delay; numbers unbroken; at most a repeated frame; no rule broken",
    run,
    "no second studio",
    control,
)
