"""Of two origins the one that an edge takes from is frozen for 2 s and for 10 s: at 2 s of delay nobody feels it.

Both are pushed to by one studio. The control: the edge knows that one only.
"""

import time

from bench.faults import harm
from bench.faults.audience import watching
from bench.faults.options import Options
from bench.faults.stage import Running, stage
from bench.faults.verdict import Bound, Row, Trial

FROZEN_S = (2.0, 10.0)
BEFORE_S, AFTER_S = 2.0, 6.0
CONTROL_VIEWERS = 100


def run(options: Options) -> Trial:
    """The edge knows both."""
    return play(options, FROZEN_S, second=True)


def control(options: Options) -> Trial:
    """The edge knows one."""
    return play(options, FROZEN_S[1:], second=False)


def play(options: Options, freezes: tuple[float, ...], second: bool) -> Trial:
    """Freeze the one it takes from, for each of these."""
    trial = Trial()
    with stage() as there:
        origins = [there.origin(name=f"origin-{name}") for name in ("one", "two")]
        there.studio([each.url for each in origins])
        for each in origins:
            there.on_air(each)
        edge = there.edge([each.url for each in (origins if second else origins[:1])])
        lasts_s = sum(freezes) + len(freezes) * (BEFORE_S + AFTER_S)
        with watching(there, edge, options, lasts_s, check=second, viewers=None if second else CONTROL_VIEWERS,
                      browsers=None if second else 0) as audience:  # fmt: skip
            for for_s in freezes:
                audience.pause(BEFORE_S)
                one = next((each for each in origins if each.url == taken_from(edge)), origins[0])
                at_s = time.time()
                with harm.frozen(*one.tree(), for_s=for_s) as letters:
                    audience.pause(for_s)
                trial.fired.append(harm.stopped(one.name, letters, for_s))
                audience.pause(AFTER_S)
                silent_s = audience.account.silence_s(at_s, at_s + for_s + 2)[0]
                trial.bounds.append(Bound(f"{for_s:.0f} s: longest without a new part", silent_s, 1.0, "s"))
            watched = audience.leave()
        account = audience.account
        trial.facts["upstream"] = edge.status()["upstream"]
    trial.bounds += [
        Bound("numbers passed over or dates gone back", len(account.breaches) + len(account.missing()), 0),
        *watched.bounds(),
    ]
    trial.facts |= watched.facts()
    return trial


def taken_from(edge: Running) -> str:
    """The origin that is on the air at an edge, by its own word; nothing where it does not say."""
    rows = edge.status()["upstream"].get("origins", ())
    return str(next((row["url"] for row in rows if row.get("on_air")), ""))


ROW = Row(
    "origin frozen 2 s, 10 s; two origins",
    "no stall at 2 s delay; numbers unbroken; no rule broken",
    run,
    "the edge knows one origin only",
    control,
)
