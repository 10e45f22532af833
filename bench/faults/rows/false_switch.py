"""Thirty minutes of the test card and of a dark, slow clip: nobody is switched away from what is well.

In simulated time, faster than real: pictures go through the eye, the health and the director of the programme itself,
beside a backup that is well. The clip is a dim room and one slow light, encoded at a low rate and decoded again. That
the eye is awake is proved at the end: the picture is held, and the backup is on the air. The control: black for 3 s.
"""

import io
import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np

from bench.faults.options import Options
from bench.faults.pictures import opened
from bench.faults.verdict import Bound, Fired, Row, Trial
from ringside.flow.capture.config import Watch
from ringside.flow.capture.inputs.director import Director
from ringside.flow.capture.inputs.health import Condition, Health
from ringside.flow.capture.inputs.look import Eye
from ringside.flow.capture.testcard import TestCard

MINUTES = 30
FPS = 30
SIZE = 320, 180
NS_PER_S = 10**9
EPOCH_NS = 1_800_000_000 * NS_PER_S
LOOP_S = 60
HELD_S = 4.0
SEGMENT_S = 2.0
WELL = Condition(True)


class Night:
    """A programme of two inputs, without its sockets: what is on the air after each picture of the first."""

    def __init__(self) -> None:
        watch = Watch()
        self._eye, self._health = Eye(watch.black_level), Health(watch)
        self.director = Director(("main", "backup"), round(watch.back_s * NS_PER_S))
        self.now_ns = EPOCH_NS

    def watch(self, pictures: Iterable[av.VideoFrame]) -> int | None:
        """Show pictures at the frame rate; how many it took until the backup was on the air, None: it never was."""
        for count, picture in enumerate(pictures, 1):
            self.now_ns += NS_PER_S // FPS
            sight = self._eye.see(picture, self.now_ns)
            condition = self._health.judge(self.now_ns, "live", True, sight, self.now_ns)
            if self.director.choose(self.now_ns, (condition, WELL)) == 1:
                return count
        return None


def run(options: Options) -> Trial:
    """Both clips."""
    minutes = 1 if options.quick else MINUTES
    trial = Trial()
    for name, pictures in (("test card", card(minutes)), ("dark, slow clip", dark(minutes))):
        trial.add(watched(name, pictures, minutes))
    return trial


def watched(name: str, pictures: Iterator[av.VideoFrame], minutes: float) -> Trial:
    """One clip, and then its last picture held."""
    night, last = Night(), av.VideoFrame(*SIZE, "yuv420p")

    def remembered() -> Iterator[av.VideoFrame]:
        nonlocal last
        for picture in pictures:
            last = picture
            yield picture

    false = night.watch(remembered())
    switches = night.director.switches
    held = night.watch(itertools.repeat(last, round(HELD_S * FPS)))
    after_s = None if held is None else held / FPS
    said = "never" if after_s is None else f"after {after_s:.2f} s"
    fired = Fired(f"{name}: held at the end", f"the backup was on the air {said}", after_s is not None)
    bounds = [
        Bound(f"{name}, {minutes} min: false switches", switches if false is None else max(1, switches), 0),
        Bound(f"{name}, held: switched after", after_s, SEGMENT_S, "s"),
    ]
    return Trial([fired], bounds)


def control(options: Options) -> Trial:
    """The test card, with 3 s of black in it."""
    black = av.VideoFrame(*SIZE, "yuv420p")
    for plane, level in zip(black.planes, (16, 128, 128), strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    night = Night()
    found = night.watch(itertools.chain(card(0.1), itertools.repeat(black, 3 * FPS)))
    fired = Fired("3 s of black", "luma 16 in every picture", True)
    return Trial([fired], [Bound("switches", int(found is not None), 0)])


def card(minutes: float) -> Iterator[av.VideoFrame]:
    """The test card, drawn for every instant."""
    drawn = TestCard(*SIZE, Fraction(FPS))
    for index in range(round(minutes * 60 * FPS)):
        yield drawn.draw(EPOCH_NS + index * NS_PER_S // FPS)


def dark(minutes: float) -> Iterator[av.VideoFrame]:
    """A dim room in which a faint light wanders a pixel in two seconds, at 60 kb/s, a minute of it over and over."""
    film = encoded()
    loops = max(1, round(minutes * 60 / LOOP_S))
    for _ in range(loops):
        with opened(film) as container:
            yield from container.decode(video=0)


def encoded() -> bytes:
    """That minute, as a file."""
    out = io.BytesIO()
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "g": "60"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *SIZE, "yuv420p", 60_000
        for index in range(LOOP_S * FPS):
            far = np.hypot(columns - 100 - index / (2 * FPS), rows - 90)
            luma = 22 + 26 * np.exp(-far / 40) + rng.normal(0, 0.8, far.shape)
            frame = av.VideoFrame(*SIZE, "yuv420p")
            frame.planes[0].update(np.clip(luma, 16, 235).astype(np.uint8).tobytes())
            for plane in frame.planes[1:]:
                plane.update(bytes([128]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


ROW = Row(
    "30 minutes of the test card; of a dark, slow clip",
    "no false switch; held at the end, switched within one segment",
    run,
    "3 s of black in it",
    control,
)
