"""The camera goes black, then freezes: the backup is on screen within a segment, the camera again when it is well.

What was published is decoded: whose pictures they are their strips say. The control: there is no backup.
"""

import time

from bench.faults.audience import watching
from bench.faults.camera import Camera
from bench.faults.film import EPOCH_S, Kind
from bench.faults.options import Options
from bench.faults.pictures import Picture, holes, pictures
from bench.faults.rows.source_gone import MARGIN_S, VIEWERS, on_screen
from bench.faults.stage import Running, stage
from bench.faults.verdict import Bound, Fired, Row, Trial
from bench.harness import free_port

BACKUP_S = EPOCH_S + 86_400
BACKUP = '[[source.backup]]\nname = "second"\nurl = "udp://127.0.0.1:{port}"'
KINDS: tuple[Kind, ...] = ("black", "frozen")
BEFORE_S, FAULT_S, AFTER_S = 2.0, 6.0, 8.0
SEGMENT_S, BACK_S = 2.0, 6.0


def run(options: Options) -> Trial:
    """With a second camera."""
    return play(options, KINDS, backup=True)


def control(options: Options) -> Trial:
    """With one only."""
    return play(options, KINDS[:1], backup=False)


def play(options: Options, kinds: tuple[Kind, ...], backup: bool) -> Trial:
    """Each fault in turn on one event."""
    trial, ports = Trial(), (free_port(), free_port())
    with (
        stage(more=BACKUP.format(port=ports[1]) if backup else "") as there,
        Camera(ports[0]) as camera,
        Camera(ports[1], BACKUP_S),
    ):
        live = there.live(f"udp://127.0.0.1:{ports[0]}")
        on_screen(there, live)
        lasts_s = len(kinds) * (BEFORE_S + FAULT_S + AFTER_S)
        with watching(there, live, options, lasts_s, viewers=VIEWERS, check=backup,
                      browsers=None if backup else 0) as audience:  # fmt: skip
            for kind in kinds:
                audience.pause(BEFORE_S)
                camera.show(kind)
                at_s = time.time()
                audience.pause(FAULT_S)
                camera.show("card")
                again_s = time.time()
                audience.pause(AFTER_S)
                trial.add(switched(live, kind, at_s, again_s))
            watched = audience.leave()
        trial.bounds += watched.bounds() if backup else []
        trial.facts |= watched.facts()
    return trial


def switched(live: Running, kind: Kind, at_s: float, again_s: float) -> Trial:
    """What was published of one fault."""
    shown = pictures(live, at_s - 1, time.time() - MARGIN_S)
    bad = faulty(shown, kind, at_s, again_s)
    began_s = bad[0].at_s if bad else None
    to_backup_s = next((each.at_s for each in shown if began_s and each.at_s > began_s and each.of(BACKUP_S)), None)
    back_s = next((each.at_s for each in shown if each.at_s > again_s and each.of(EPOCH_S)), None)
    away_s = None if began_s is None or to_backup_s is None else to_backup_s - began_s
    bounds = [
        Bound(f"{kind}: backup on screen after", away_s, SEGMENT_S, "s"),
        Bound(f"{kind}: camera back after it is well", None if back_s is None else back_s - again_s, BACK_S, "s"),
        Bound(f"{kind}: pictures missing", holes(shown), 0),
    ]
    fired = Fired(f"camera {kind} {FAULT_S:.0f} s", f"{len(bad)} such pictures were published", bool(bad))
    return Trial([fired], bounds)


def faulty(shown: list[Picture], kind: Kind, at_s: float, again_s: float) -> list[Picture]:
    """The pictures of the fault: without a strip and dark, or with one that stands still."""
    during = [each for each in shown if at_s < each.at_s < again_s]
    if kind == "black":
        return [each for each in during if each.strip_ms is None and each.luma < 20]
    held = EPOCH_S * 1000 + 500
    same = [each for each in during if each.strip_ms == held]
    return same if len(same) > 5 else []


ROW = Row(
    "camera black 6 s, frozen 6 s; a backup",
    "the backup on screen within one segment (2 s); the camera back ≤ 6 s after it is well; no stall",
    run,
    "no backup",
    control,
)
