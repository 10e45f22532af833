"""Of two studios the preferred one is frozen (SIGSTOP) for 8 s and wakes: no player sees more than a repeated frame.

What it sends when it wakes is old, and must not be published again. The control: there is no second studio.
"""

from bench.faults import harm
from bench.faults.audience import Audience
from bench.faults.options import Options
from bench.faults.rows.studio_killed import AWAY_S, play
from bench.faults.stage import Running, Stage
from bench.faults.verdict import Fired, Row, Trial


def run(options: Options) -> Trial:
    """With a second one."""
    return play(options, frozen, second=True)


def control(options: Options) -> Trial:
    """With none."""
    return play(options, frozen, second=False)


def frozen(there: Stage, origin: Running, first: Running, audience: Audience) -> Fired:
    """SIGSTOP for all of its processes, for so long."""
    with harm.frozen(*first.tree(), for_s=AWAY_S) as letters:
        audience.pause(AWAY_S)
    return harm.stopped("the preferred studio", letters, AWAY_S)


ROW = Row(
    "studio frozen 8 s, a second one running",
    "noticed ≤ 0.5 s; no stall at 2 s delay; numbers unbroken; at most a repeated frame; no rule broken",
    run,
    "no second studio",
    control,
)
