"""A sink that remembers, and lets a test wait for what it waits for."""

import threading
from collections.abc import Callable
from fractions import Fraction

import av

PATIENCE_S = 20.0


class Recorder:
    """Everything a source handed over, in order, with the thread that did it."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.aspects: list[Fraction] = []
        self.pictures: list[tuple[int, int, int, int]] = []  # pts_ns, arrival_ns, width, height
        self.sounds: list[tuple[int, int, int, int]] = []  # pts_ns, arrival_ns, rate, channels
        self.threads: set[int] = set()
        self._changed = threading.Condition()

    def opened(self, description: str, aspect: Fraction = Fraction(1)) -> None:
        self.aspects.append(aspect)
        self._note(lambda: self.events.append(("opened", description)))

    def closed(self, reason: str) -> None:
        self._note(lambda: self.events.append(("closed", reason)))

    def video(self, picture: av.VideoFrame, pts_ns: int, arrival_ns: int) -> None:
        assert picture.pict_type == 0
        self._note(lambda: self.pictures.append((pts_ns, arrival_ns, picture.width, picture.height)))

    def audio(self, sound: av.AudioFrame, pts_ns: int, arrival_ns: int) -> None:
        self._note(lambda: self.sounds.append((pts_ns, arrival_ns, sound.sample_rate, sound.layout.nb_channels)))

    def wait(self, condition: Callable[["Recorder"], bool], what: str = "the sink") -> None:
        """Block until `condition` holds of this sink; fails after PATIENCE_S."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), PATIENCE_S), f"waited in vain for {what}: {self}"

    def wait_closed(self, times: int = 1) -> None:
        self.wait(lambda sink: [kind for kind, _ in sink.events].count("closed") >= times, "closed")

    def __repr__(self) -> str:
        return f"<Recorder {self.events} {len(self.pictures)} pictures {len(self.sounds)} sounds>"

    def _note(self, do: Callable[[], None]) -> None:
        with self._changed:
            self.threads.add(threading.get_ident())
            do()
            self._changed.notify_all()
