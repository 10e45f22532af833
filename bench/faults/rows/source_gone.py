"""The source goes for 1, 10 and 60 s and comes back: slate within 0.5 s, and the source on screen within 2 s.

What was published is decoded: the pictures say when the slate began and when the camera was back. The same URL plays on
for everybody. The control: the camera does not come back.
"""

import time

from bench.faults.audience import watching
from bench.faults.camera import Camera
from bench.faults.film import EPOCH_S
from bench.faults.options import Options
from bench.faults.pictures import Picture, pictures
from bench.faults.stage import Running, Stage, stage
from bench.faults.verdict import Bound, Fired, Row, Trial
from bench.harness import free_port

GONE_S = (1.0, 10.0, 60.0)
BEFORE_S, AFTER_S = 3.0, 6.0
SLATE_S, BACK_S = 0.5, 2.0
VIEWERS = 200
MARGIN_S = 2.5


def run(options: Options) -> Trial:
    """Each absence on an event of its own time, one after the other."""
    return play(options, GONE_S[:2] if options.quick else GONE_S, returns=True)


def control(options: Options) -> Trial:
    """It does not return."""
    return play(options, (BACK_S + AFTER_S,), returns=False)


def play(options: Options, absences: tuple[float, ...], returns: bool) -> Trial:
    """Silence the camera for so long, each in turn."""
    lasts_s = sum(absences) + len(absences) * (BEFORE_S + AFTER_S)
    trial = Trial()
    with stage() as there, Camera(port := free_port()) as camera:
        live = there.live(f"udp://127.0.0.1:{port}")
        on_screen(there, live)
        with watching(there, live, options, lasts_s, viewers=VIEWERS, check=returns,
                      browsers=None if returns else 0) as audience:  # fmt: skip
            for gone_s in absences:
                audience.pause(BEFORE_S)
                camera.silent()
                at_s, sent = time.time(), camera.sent
                audience.pause(gone_s)
                fired = Fired(
                    f"source gone {gone_s:.0f} s", f"{camera.sent - sent} datagrams in it", camera.sent == sent
                )
                if returns:
                    camera.speak()
                again_s = time.time()
                audience.pause(AFTER_S)
                trial.add(absence(live, fired, at_s, again_s))
            watched = audience.leave()
        trial.bounds += watched.bounds() if returns else []
        trial.facts |= watched.facts()
    return trial


def on_screen(there: Stage, live: Running, epoch_s: int = EPOCH_S) -> None:
    """Return once a camera's pictures are published."""
    there.wait(live, lambda: any(each.of(epoch_s) for each in newest(live)), "show the camera")


def newest(live: Running) -> list[Picture]:
    """The pictures of the newest whole segments."""
    now_s = time.time()
    return pictures(live, now_s - 4, now_s)


def absence(live: Running, fired: Fired, at_s: float, again_s: float) -> Trial:
    """What was published of one absence."""
    shown = pictures(live, at_s - 1, time.time() - MARGIN_S)
    slate_s = min((each.at_s for each in shown if each.at_s > at_s and not each.of(EPOCH_S)), default=None)
    back_s = min((each.at_s for each in shown if each.at_s > again_s and each.of(EPOCH_S)), default=None)
    what = fired.what.rsplit("gone ", 1)[-1]
    bounds = [
        Bound(f"{what}: slate after", None if slate_s is None else slate_s - at_s, SLATE_S, "s"),
        Bound(f"{what}: back after its return", None if back_s is None else back_s - again_s, BACK_S, "s"),
    ]
    return Trial([fired], bounds)


ROW = Row(
    "source gone 1, 10, 60 s, then back",
    "slate within 0.5 s; the same URL plays on; back on screen ≤ 2 s after it returns",
    run,
    "it does not come back",
    control,
)
