"""Programme: the one picture and the one sound of an event, frame by frame, whatever its inputs do.

Asked for frame k of a grid, it looks at all inputs, has the director say which is on the air, and gives that one's
newest picture that is not later than the frame's time, fitted to the canvas; or the slate while there is none. Sound
goes with the picture. It never blocks on an input, never fails a frame, and knows nothing of encoders.
"""

import logging
from collections.abc import Sequence
from typing import Any, Literal

import av
import numpy as np

from ringside.core.clock import Clock
from ringside.core.media import Grid
from ringside.flow.capture import strip
from ringside.flow.capture.config import Config
from ringside.flow.capture.defects import Defect, Defects
from ringside.flow.capture.drawn import Samples, silence
from ringside.flow.capture.inputs.director import Director
from ringside.flow.capture.inputs.health import NS_PER_S, Condition
from ringside.flow.capture.inputs.input import Input, Made, Received, describe
from ringside.flow.capture.paint import blank, planes
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.slate import Slate
from ringside.flow.capture.spec import Spec, parse
from ringside.flow.capture.testcard import TestCard

log = logging.getLogger(__name__)

NS_PER_MS = 1_000_000


class Programme:
    """What viewers get: `picture(k)` and `sound(k)` on the event's grids. `sinks` are for its sources, in order.

    `picture` and `sound` may be called from two threads. A picture may be the very object of an earlier frame: it
    is to be read, not drawn on.
    """

    def __init__(
        self, config: Config, clock: Clock, video: Grid, audio: Grid, width: int, height: int, title: str = "main"
    ) -> None:
        self._clock, self._video, self._audio = clock, video, audio
        self._size, self._fps, self._burns = (width, height), 1 / video.frame_s, config.burn_strip
        self._names = [one.name for one in config.inputs]
        self._specs = [parse(one.url) for one in config.inputs]
        self._title, self._slate = title, Slate(width, height, title)
        made = [self._input(name, spec, config) for name, spec in zip(self._names, self._specs, strict=True)]
        self._inputs: list[Input] = [one for one, _ in made]
        self.sinks: Sequence[Sink] = [sink for _, sink in made]
        self._conditions: Sequence[Condition] = [Condition(False)] * len(made)
        self._director = Director(self._names, round(config.watch.back_s * NS_PER_S))
        self._defects = {"video": Defects(), "audio": Defects()}
        self._begun = False
        self._heard: int | None = None

    def _input(self, name: str, spec: Spec, config: Config) -> tuple[Input, Sink]:
        frame_ns = round(self._video.frame_s * NS_PER_S)
        width, height = self._size
        if spec.kind == "testcard":
            card = TestCard(width, height, self._fps, self._title)
            made = Made(name, card, f"{width}x{height} drawn for each frame, 1 kHz beep")
            return made, made
        if spec.kind == "slate":
            made = Made(name, self._slate, f"{width}x{height} drawn for each frame")
            return made, made
        watch = config.watch.of_a_film() if spec.recorded else config.watch
        received = Received(name, spec, watch, self._clock, frame_ns, self._size, self._title)
        return received, received.feed

    def __repr__(self) -> str:
        return f"<Programme {self._director.showing} {self._size[0]}x{self._size[1]}@{float(self._fps):.4g}>"

    @property
    def names(self) -> Sequence[str]:
        """The inputs, in order of preference."""
        return self._names

    def force(self, name: str | None) -> bool:
        """An operator wants this input, `slate`, or (None) the best; False where there is no such input."""
        return self._director.force(name)

    def picture(self, index: int) -> av.VideoFrame:
        """Frame `index` of the video grid: yuv420p of the programme's size, BT.709."""
        time_ns = self._video.start_ns(index)
        on_air = self._direct(time_ns)
        picture = None if on_air is None else self._inputs[on_air].picture(time_ns)
        self._defects["video"].note(index, self._defect(None if picture is None else on_air))
        picture = picture or self._slate.draw(time_ns)
        drawn = on_air is not None and self._specs[on_air].kind == "testcard"  # it has a strip of its own
        return self._burn(picture, time_ns) if self._burns and not drawn else picture

    def sound(self, index: int) -> Samples:
        """Block `index` of the audio grid: float32, (2, 1024) at 48 kHz."""
        samples, on_air = self._audio.frame_ticks, self._director.on_air
        first = index * samples
        blocks = [one.sound(first, samples) for one in self._inputs]
        faults = () if on_air is None else self._conditions[on_air].faults
        self._defects["audio"].note(index, "slate" if on_air is None else "silent" if "silent" in faults else "")
        out = silence(samples) if on_air is None else blocks[on_air]
        if on_air != self._heard:
            fade = np.linspace(0, 1, samples, dtype=np.float32)
            before = silence(samples) if self._heard is None else blocks[self._heard]
            out, self._heard = out * fade + before * fade[::-1], on_air
        return out

    def defect(self, index: int, kind: Literal["video", "audio"] = "video") -> Defect:
        """What was wrong with frame `index` of a grid when it was given; empty: nothing, or it is long ago."""
        return self._defects[kind].of(index)

    def status(self, stats: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
        """What the engineer's page says of the inputs: plain values for JSON. `stats`: what each source tells."""
        director = self._director
        on_air = director.on_air
        shown = 0 if on_air is None else on_air
        since_ns = director.since_ns
        return {
            "name": self._specs[shown].name,
            "kind": self._specs[shown].kind,
            "state": "slate" if on_air is None and self._begun else "waiting" if on_air is None else "live",
            "detail": self._inputs[shown].detail,
            "width": self._size[0],
            "height": self._size[1],
            "fps": round(float(self._fps), 3),
            "since_ms": (since_ns if since_ns is not None else self._clock.now_ns()) // NS_PER_MS,
            "switches": director.switches,
            "on_air": director.showing,
            "forced": director.forced,
            **self._inputs[shown].counts(),
            "inputs": self._rows(stats),
        }

    def _rows(self, stats: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """One for each input."""
        conditions, on_air = self._conditions, self._director.on_air
        return [
            describe(name, self._specs[at], self._inputs[at], conditions[at], at == on_air)
            | ({"stats": stats[at]} if at < len(stats) and stats[at] else {})
            for at, name in enumerate(self._names)
        ]

    def _direct(self, time_ns: int) -> int | None:
        """Which input is on the air."""
        now_ns, before = self._clock.now_ns(), self._director.showing
        self._conditions = conditions = [one.look(time_ns, now_ns) for one in self._inputs]
        on_air = self._director.choose(time_ns, conditions)
        self._begun = self._begun or on_air is not None
        if (showing := self._director.showing) != before:
            log.info("on the air: %s (was %s; %s)", showing, before, self._words())
        return on_air

    def _words(self) -> str:
        """How all inputs are, for the log."""
        return ", ".join(
            f"{name} {' and '.join(condition.faults) or ('well' if condition.here else 'not there')}"
            for name, condition in zip(self._names, self._conditions, strict=True)
        )

    def _defect(self, shown: int | None) -> Defect:
        if shown is None or self._specs[shown].kind == "slate":
            return "slate"
        faults = self._conditions[shown].faults
        return "black" if "black" in faults else "frozen" if "frozen" in faults else ""

    def _burn(self, picture: av.VideoFrame, time_ns: int) -> av.VideoFrame:
        """A copy with the strip on it: what the source gave is never drawn on."""
        out = blank(*self._size)
        for plane, own in zip(planes(picture), planes(out), strict=True):
            own[:] = plane
        strip.draw(planes(out), time_ns // NS_PER_MS)
        return out
