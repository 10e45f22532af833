"""The encoder is frozen for 3 s and there is no second: noticed, GAP within one part, media ≤ 3 s after it wakes.

The control: it does not wake.
"""

import time

from bench.faults import harm
from bench.faults.audience import watching
from bench.faults.options import Options
from bench.faults.rows.encoder_killed import AFTER_S, BEFORE_S, VIEWERS, without_encoder
from bench.faults.stage import stage
from bench.faults.verdict import Row, Trial

FROZEN_S = 3.0
NOTICED_S = 0.5


def run(options: Options) -> Trial:
    """It wakes."""
    return play(options, FROZEN_S)


def control(options: Options) -> Trial:
    """It does not."""
    return play(options, AFTER_S)


def play(options: Options, for_s: float) -> Trial:
    """Stop the studio for so long."""
    wakes = for_s < AFTER_S
    with stage() as there:
        live = there.live()
        studio = live.child("studio")
        with watching(there, live, options, BEFORE_S + AFTER_S, viewers=VIEWERS, check=wakes,
                      browsers=None if wakes else 0) as audience:  # fmt: skip
            audience.pause(BEFORE_S)
            at_s = time.time()
            with harm.frozen(studio, for_s=for_s) as letters:
                audience.pause(for_s)
            again_s = at_s + for_s
            trial = Trial([harm.stopped("the studio", letters, for_s)])
            audience.until_end()
            trial.bounds += without_encoder(audience, at_s, again_s, NOTICED_S)
            watched = audience.leave()
        trial.bounds += watched.bounds(stalls=False, but="ll-hls.part-in-time") if wakes else []
        trial.facts = {**watched.facts(), "gaps": audience.account.gaps(at_s)}
    return trial


ROW = Row(
    "encoder frozen 3 s, no second",
    "noticed ≤ 0.5 s, then GAP or slate within one part; back ≤ 3 s after it wakes; no number or date lost",
    run,
    "it does not wake",
    control,
)
