"""An edge is cut from its origin for 6 s: it serves what it has throughout, and has the rest a segment later.

The control: the edge itself is frozen, so that nobody serves anything.
"""

import time

from bench.faults import harm
from bench.faults.audience import Audience, watching
from bench.faults.options import Options
from bench.faults.stage import TRACK, Running, stage
from bench.faults.verdict import Bound, Fired, Row, Trial
from bench.harness import get
from bench.sync.relay import Relay, relay

CUT_S, BEFORE_S, AFTER_S = 6.0, 2.0, 8.0
BACK_S = 2.0
ASK_S = 0.25
VIEWERS = 200


def run(options: Options) -> Trial:
    """The network between the two is cut."""
    return play(options, cut=True)


def control(options: Options) -> Trial:
    """The edge is frozen."""
    return play(options, cut=False)


def play(options: Options, cut: bool) -> Trial:
    """Take the origin, or the edge, from the viewers."""
    with stage() as there:
        origin = there.live()
        with relay(origin.port) as network:
            edge = there.edge([network.url])
            with watching(there, edge, options, BEFORE_S + CUT_S + AFTER_S, viewers=VIEWERS, check=False,
                          browsers=0) as audience:  # fmt: skip
                audience.pause(BEFORE_S)
                at_s = time.time()
                trial = without_origin(audience, edge, network) if cut else frozen(audience, edge)
                again_s = time.time()
                audience.until_end()
                back_s = audience.account.back_s(again_s, audience.ends_s, lull_s=0.4)
                watched = audience.leave()
    trial.bounds += [
        Bound("requests without an answer", len(audience.account.unanswered), 0),
        Bound("new media after the end of it", back_s, BACK_S, "s"),
        Bound("numbers passed over or dates gone back", len(audience.account.breaches), 0),
        *watched.bounds(stalls=False),
    ]
    trial.facts = {**watched.facts(), "cut_s": again_s - at_s}
    return trial


def without_origin(audience: Audience, edge: Running, network: Relay) -> Trial:
    """Cut it; ask meanwhile for what the edge has."""
    network.cut()
    numbers = sorted(audience.account.segments)[-8:-1]
    refused = asked = 0
    end_s = time.time() + CUT_S
    while time.time() < end_s:
        for number in numbers:
            asked += 1
            refused += not _has(edge, number)
        time.sleep(ASK_S)
    network.mend()
    fired = Fired("cut from the origin", f"{network.dropped} connections were dropped", network.dropped > 0)
    return Trial([fired], [Bound(f"of {asked} requests for what it has, refused", refused, 0)])


def _has(edge: Running, number: int) -> bool:
    try:
        return bool(get(f"{edge.live}/{TRACK}/{number}.m4s", 1))
    except OSError:
        return False


def frozen(audience: Audience, edge: Running) -> Trial:
    """Stop every process of the edge."""
    with harm.frozen(*edge.tree()) as letters:
        audience.pause(CUT_S)
    return Trial([harm.stopped("the edge", letters, CUT_S)])


ROW = Row(
    "edge cut from its origin for 6 s",
    "it serves what it has throughout; new media within one segment of the end",
    run,
    "the edge itself is frozen",
    control,
)
