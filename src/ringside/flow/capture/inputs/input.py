"""Input: one of the inputs of an event, as the programme sees it: how it is, its picture, its sound.

Two kinds: `Received` keeps what a source sends, and judges it; `Made` draws any instant that it is asked for, and is
always well. Neither knows of the others.
"""

import logging
from fractions import Fraction
from typing import Any, Protocol

import av

from ringside.core.clock import Clock
from ringside.core.telemetry import throttled
from ringside.flow.capture.config import Watch
from ringside.flow.capture.drawn import Drawn, Samples
from ringside.flow.capture.feed import Feed, Kept
from ringside.flow.capture.fit import Fitter
from ringside.flow.capture.inputs.health import NS_PER_S, Condition, Health
from ringside.flow.capture.inputs.presence import Presence, Shot
from ringside.flow.capture.slate import SOUND_ONLY, Slate
from ringside.flow.capture.spec import Spec

log = logging.getLogger(__name__)

COUNTED = ("repeats", "drops", "discontinuities", "splices", "late_samples", "failures")
AT_ONCE = {"testcard", "file"}  # kinds whose first picture need not prove itself


class Input(Protocol):
    """What the programme asks an input for."""

    def look(self, time_ns: int, now_ns: int) -> Condition:
        """How it is at the programme's instant `time_ns`, which is now or a little while ago."""

    def picture(self, time_ns: int) -> av.VideoFrame | None:
        """Its picture of the instant that was looked at last, fitted to the canvas; None where there is none."""

    def sound(self, first_sample: int, samples: int) -> Samples:
        """Stereo sound at 48 kHz; silence where there is none. To be asked for every block, on the air or not."""

    @property
    def detail(self) -> str:
        """What it brings, or why it brings nothing."""

    def counts(self) -> dict[str, int]:
        """What was lost, mended and shown again so far."""


class Received:
    """An input that a source sends, which calls `feed` as its sink."""

    def __init__(
        self, name: str, spec: Spec, watch: Watch, clock: Clock, frame_ns: int, size: tuple[int, int], title: str
    ) -> None:
        self.name = name
        self.feed = Feed(clock, frame_ns, name, watch.black_level)
        self._shown, self._size, self._title = spec.name, size, title
        self._presence = Presence(spec.kind in AT_ONCE, round(watch.loss_s * NS_PER_S))
        self._health = Health(watch)
        self._card: Drawn | None = None
        self._found: tuple[Shot, Kept | None] = ("nothing", None)
        self._fitter = Fitter(*size)
        self._fitted: tuple[av.VideoFrame | None, av.VideoFrame | None] = (None, None)
        self._repeats = 0
        self._said = throttled(log, clock)

    def __repr__(self) -> str:
        return f"<Received {self.name} {self._presence.state}>"

    def look(self, time_ns: int, now_ns: int) -> Condition:
        """How it is."""
        evidence, kept = self.feed.look(time_ns, now_ns)
        shot = self._presence.look(time_ns, evidence)
        self._found = (shot, kept)
        sight = kept.sight if kept is not None and shot == "picture" else None
        return self._health.judge(time_ns, self._presence.state, shot != "nothing", sight, self.feed.loud_ns)

    def picture(self, time_ns: int) -> av.VideoFrame | None:
        """Its picture, or the card of one that has only sound."""
        shot, kept = self._found
        if shot == "picture" and kept is not None:
            return self._fit(kept.picture, kept.aspect)
        self._fitted = (None, None)
        if shot != "card":
            return None
        if self._card is None:
            self._card = Slate(*self._size, self._title, SOUND_ONLY)
        return self._card.draw(time_ns)

    def sound(self, first_sample: int, samples: int) -> Samples:
        """What has come in time."""
        return self.feed.read(first_sample, samples)

    @property
    def detail(self) -> str:
        """What its source says."""
        return self.feed.reason or self.feed.description or f"waiting for {self._shown}"

    def counts(self) -> dict[str, int]:
        """Of its feed, and how often a picture was shown again."""
        return {"repeats": self._repeats, **self.feed.counts()}

    def _fit(self, picture: av.VideoFrame, aspect: Fraction) -> av.VideoFrame | None:
        """The source's picture on the canvas, fitted once however often it is shown."""
        source, fitted = self._fitted
        if source is picture and fitted is not None:
            self._repeats += 1
            return fitted
        try:
            out = self._fitter.fit(picture, aspect)
        except (av.FFmpegError, ValueError) as error:
            self._said(f"{self.name}: %d pictures could not be fitted ({error})", 1)
            return fitted
        self._fitted = (picture, out)
        return out


class Made:
    """An input that is drawn: the test card, or the slate. A Sink that wants nothing."""

    def __init__(self, name: str, drawn: Drawn, detail: str) -> None:
        self.name, self.detail = name, detail
        self._drawn = drawn
        self._condition: Condition | None = None

    def __repr__(self) -> str:
        return f"<Made {self.name}>"

    def look(self, time_ns: int, now_ns: int) -> Condition:
        """Well."""
        if self._condition is None:
            self._condition = Condition(True, (), time_ns)
        return self._condition

    def picture(self, time_ns: int) -> av.VideoFrame | None:
        """Drawn for the instant."""
        return self._drawn.draw(time_ns)

    def sound(self, first_sample: int, samples: int) -> Samples:
        """Made for the instant."""
        return self._drawn.sound(first_sample, samples)

    def counts(self) -> dict[str, int]:
        """Nothing is lost, ever."""
        return dict.fromkeys(COUNTED, 0)

    def opened(self, description: str, aspect: Fraction = Fraction(1)) -> None:
        """Nothing comes in this way."""

    def closed(self, reason: str) -> None:
        """Nothing comes in this way."""

    def video(self, picture: av.VideoFrame, pts_ns: int, arrival_ns: int) -> None:
        """Nothing comes in this way."""

    def audio(self, sound: av.AudioFrame, pts_ns: int, arrival_ns: int) -> None:
        """Nothing comes in this way."""


def describe(name: str, spec: Spec, one: Input, condition: Condition, on_air: bool) -> dict[str, Any]:
    """A row for the status page: plain values, ready for JSON."""
    return {
        "name": name,
        "kind": spec.kind,
        "from": spec.name,
        "state": "on_air" if on_air else "ready" if condition.here else "waiting",
        "faults": list(condition.faults),
        "since_ms": condition.since_ns // 1_000_000,
        "detail": one.detail,
        **one.counts(),
    }
