"""A camera's clock jumps by an hour and back by 10 s, and wraps at 33 bits: the programme goes on, sound with picture.

What was published is decoded: how long the camera was away, and how far each beep is from the picture of its second.
The control: the clock of the sound alone jumps, by what nobody can mend.
"""

import time

from bench.faults import ts
from bench.faults.audience import watching
from bench.faults.camera import TICKS, Camera
from bench.faults.film import EPOCH_S, SECONDS
from bench.faults.options import Options
from bench.faults.pictures import apart_s, away_s, beeps, holes, pictures, seconds
from bench.faults.rows.source_gone import MARGIN_S, VIEWERS, on_screen
from bench.faults.stage import Running, stage
from bench.faults.verdict import Bound, Fired, Row, Trial
from bench.harness import free_port

JUMPS_S = (3600.0, -10.0)
SOUND_OFF_S = 0.3
BEFORE_S, AFTER_S = 2.0, 7.0
SEGMENT_S, FRAME_S = 2.0, 1 / 30
WRAP_IN_S = 3 * SECONDS


def run(options: Options) -> Trial:
    """The jumps on one event, the wrap on another."""
    trial = jumped(options, [(by_s, 0.0) for by_s in JUMPS_S])
    trial.add(wrapped(options))
    return trial


def control(options: Options) -> Trial:
    """Sound jumps, picture does not."""
    return jumped(options, [(0.0, SOUND_OFF_S)])


def jumped(options: Options, jumps: list[tuple[float, float]]) -> Trial:
    """A camera's clock jumps, again and again; sound by so much more each time."""
    trial, whole = Trial(), not any(sound_s for _, sound_s in jumps)
    with stage() as there, Camera(port := free_port()) as camera:
        live = there.live(f"udp://127.0.0.1:{port}")
        on_screen(there, live)
        lasts_s = len(jumps) * (BEFORE_S + AFTER_S)
        with watching(there, live, options, lasts_s, viewers=VIEWERS, check=whole, browsers=0) as audience:
            for by_s, sound_s in jumps:
                audience.pause(BEFORE_S)
                before_s, at_s = camera.clock_s, time.time()
                camera.jump(by_s, sound_s)
                after_s = camera.clock_s
                what = f"PTS {by_s:+.0f} s" if by_s else f"PTS of sound {sound_s:+.1f} s"
                so = abs(after_s - before_s - by_s) < 2 * SECONDS
                fired = Fired(what, f"its clock said {before_s:.1f} s, then {after_s:.1f} s", so)
                audience.pause(AFTER_S)
                trial.add(programme(live, fired, at_s, SEGMENT_S))
            watched = audience.leave()
        trial.bounds += watched.bounds() if whole else []
        trial.facts |= watched.facts()
    return trial


def wrapped(options: Options) -> Trial:
    """A camera's clock wraps while it is watched."""
    with stage() as there, Camera(port := free_port(), began_ticks=ts.WRAP - WRAP_IN_S * TICKS) as camera:
        wraps_s = time.time() + WRAP_IN_S
        live = there.live(f"udp://127.0.0.1:{port}")
        on_screen(there, live)
        left_s = wraps_s - time.time()
        lasts_s = max(0.0, left_s - 8.0) + AFTER_S
        with watching(there, live, options, lasts_s, viewers=VIEWERS, browsers=0) as audience:
            before_s = camera.clock_s
            audience.pause(wraps_s - time.time() + AFTER_S - 1)
            after_s = camera.clock_s
            watched = audience.leave()
        fired = Fired("PTS wraps at 33 bits", f"it said {before_s:.1f} s, then {after_s:.1f} s", after_s < before_s)
        trial = programme(live, fired, wraps_s, 2 * FRAME_S)
        trial.add(Trial([], watched.bounds()), "wrap")
    return trial


def programme(live: Running, fired: Fired, at_s: float, away_at_most_s: float) -> Trial:
    """What was published around a moment: how long the camera was away, how far sound was from picture afterwards."""
    until_s = time.time() - MARGIN_S
    shown = pictures(live, at_s - 1, until_s)
    away = away_s(shown, EPOCH_S)
    again_s = at_s + (away or 0.0) + 0.5
    flashes = [each for each in seconds(shown) if each > again_s]
    apart = apart_s(flashes, beeps(live, again_s - 1, until_s))
    off_ms = None if apart is None else 1000 * apart
    bounds = [
        Bound(f"{fired.what}: camera not seen for", away, away_at_most_s, "s"),
        Bound(f"{fired.what}: sound from picture, then", off_ms, 1000 * FRAME_S, "ms"),
        Bound(f"{fired.what}: pictures missing", holes(shown), 0),
    ]
    return Trial([fired], bounds)


ROW = Row(
    "PTS +1 h, −10 s, 33-bit wrap",
    "jump: camera away ≤ 1 segment; wrap: invisible; sound and picture within one frame; no stall",
    run,
    "only the sound's clock jumps",
    control,
)
