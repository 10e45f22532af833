"""An edge has no descriptors left: who is there plays on, who comes is refused in words.

The control: there are descriptors, and nobody is refused.
"""

from bench.faults.audience import watching
from bench.faults.options import Options
from bench.faults.stage import stage
from bench.faults.verdict import Bound, Fired, Row, Trial

FILES = 420
FIRST, CROWD = 20, 600
SECONDS = 14.0
LATER_S = 8.0
REFUSED = "503"


def run(options: Options) -> Trial:
    """A worker with so few descriptors."""
    return play(options, FILES)


def control(options: Options) -> Trial:
    """A worker with enough."""
    return play(options, 20_000)


def play(options: Options, files: int) -> Trial:
    """Twenty watch; then four hundred come."""
    with stage() as there:
        origin = there.live()
        edge = there.edge([origin.url], under=["prlimit", f"--nofile={files}:{files}"])
        worker = edge.child("edge")
        with watching(there, edge, options, SECONDS, viewers=FIRST, check=False, browsers=0) as first:
            with watching(there, edge, options, LATER_S - 6.0, crowd=CROWD, check=False, browsers=0) as later:
                newcomers = later.leave()
            watched = first.leave()
        lives = worker == edge.child("edge")
    refused = newcomers.crowd["refused"].get(REFUSED, 0)
    unclear = sum(newcomers.crowd["problems"].values())
    fired = Fired(f"{files} descriptors at most", f"{newcomers.crowd['joined']} of the newcomers were let in",
                  (newcomers.crowd["joined"] < CROWD) == (files == FILES))  # fmt: skip
    bounds = [
        *watched.bounds(),
        Bound("newcomers refused by 503", refused, 1, least=True),
        Bound("newcomers without an answer", unclear, 0),
        Bound("the worker's restarts", 0 if lives else 1, 0),
    ]
    return Trial([fired], bounds, {"first": watched.facts(), "later": newcomers.facts()})


ROW = Row(
    "no descriptors left for new viewers",
    "who watches plays on; who comes is refused by 503, in words",
    run,
    "with descriptors for all",
    control,
)
