"""The disk of spool and archive is full for 10 s: viewers notice nothing, recording says so loudly, and catches up.

The control: the same where the disk has room, and recording must not say that it fails.
"""

import time
from typing import Any

from bench.faults import harm
from bench.faults.audience import watching
from bench.faults.options import Options
from bench.faults.stage import Running, stage
from bench.faults.verdict import Bound, Fired, Row, Trial

DISK_BYTES = 48 * 2**20
BEFORE_S, FULL_S, AFTER_S = 2.0, 10.0, 10.0
VIEWERS = 200
TABLE = '[archive]\nspool = "{folder}/spool"\nurl = "{folder}/archive"'


def run(options: Options) -> Trial:
    """Fill it."""
    return play(options, full=True)


def control(options: Options) -> Trial:
    """Leave it."""
    return play(options, full=False)


def play(options: Options, full: bool) -> Trial:
    """An event whose archive is on a disk of its own."""
    with stage() as there, harm.small_disk(there.folder / "disk", DISK_BYTES) as disk:
        there.event.write_text(there.event.read_text() + TABLE.format(folder=disk))
        live = there.live()
        with watching(there, live, options, BEFORE_S + FULL_S + AFTER_S, viewers=VIEWERS,
                      browsers=None if full else 0) as audience:  # fmt: skip
            audience.pause(BEFORE_S)
            quiet = len(live.said(10**6))
            fired = harm.fill_disk(disk) if full else Fired("disk with room", "nothing was written to it", True)
            audience.pause(FULL_S)
            during = archive(live)
            lines = [line for line in live.said(10**6)[quiet:].splitlines() if "disk" in line or "archive" in line]
            (disk / "fills").unlink(missing_ok=True)
            audience.until_end()
            caught_up_s = wait_caught_up(live)
            watched = audience.leave()
            after = archive(live)
    bounds = [
        *watched.bounds(),
        Bound("recording says that it fails", int(during.get("state") == "failing"), 1, least=True),
        Bound("lines in the log about it", len(lines), 1, least=True),
        Bound("caught up, after there was room", caught_up_s, AFTER_S + 5, "s"),
        Bound("segments lost to the recording", after.get("failed"), 0),
    ]
    return Trial([fired], bounds, {**watched.facts(), "during": during, "after": after, "lines": lines[:5]})


def archive(live: Running) -> dict[str, Any]:
    """What the origin tells of its archive."""
    told: dict[str, Any] = live.status().get("archive") or {}
    return told


def wait_caught_up(live: Running, limit_s: float = 5.0) -> float | None:
    """How long after there was room again everything was kept; None: it was not."""
    began_s = time.time()
    while time.time() - began_s < limit_s:
        if archive(live).get("state") == "ok":
            return AFTER_S + time.time() - began_s
        time.sleep(0.1)
    return None


ROW = Row(
    "disk of the archive full for 10 s",
    "the live path does not notice; recording fails loudly and catches up",
    run,
    "a disk with room",
    control,
)
