"""A night with several studios in simulated time: what each sends arrives when it may, viewers' media is read back."""

from collections.abc import Callable
from dataclasses import dataclass, field

from origin_kit import Edge, Lister, S
from two_studios import GRID, START, TIMELINE, Made, decoded, made

from ringside.core.boxes import Mark, write_mark
from ringside.core.media import Chunk
from ringside.core.studio import Studio
from ringside.flow.mux.fragment import mark_last
from ringside.flow.origin import Config, Publisher
from ringside.flow.origin.intake import Intake

BEGIN_NS = START * 2 * S
TRACK = "v96"
LATE_NS = 30_000_000  # from a chunk's end to its arrival


def frame_of(ns: int) -> int:
    """The frame, counted from the first, that begins at an instant of the night."""
    return round((ns - BEGIN_NS) * 30 / S)


@dataclass
class Sender:
    """One studio's request: from its first key frame to its end."""

    studio: Studio
    made: Made
    session: int
    until_s: float = 1e9  # killed then: what ends later never comes
    delay: Callable[[Chunk], int] = lambda chunk: 0
    mark: Callable[[Chunk], Mark] = lambda chunk: Mark.NONE
    said_last: bool = False

    def arrivals(self) -> list[tuple[int, bytes]]:
        """(when, chunk) in order."""
        out = []
        for chunk in self.made.chunks:
            at = end_ns(chunk) + LATE_NS + self.delay(chunk)
            if end_ns(chunk) <= BEGIN_NS + int(self.until_s * S):
                out.append((at, write_mark(chunk.data, self.mark(chunk))))
        if self.said_last and out:
            out[-1] = (out[-1][0], mark_last(out[-1][1]))
        return out


def end_ns(chunk: Chunk) -> int:
    """When a chunk's media ends."""
    return (chunk.start_ticks + chunk.duration_ticks) * S // GRID.timescale


@dataclass
class Night:
    """An origin, and studios that send to it."""

    wait_s: float = 0.15
    now_ns: int = BEGIN_NS - S
    told_ns: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.renderer, self.edge = Lister(), Edge()
        self.publisher = Publisher(Config(ingest_token="secret-1"), "main", TIMELINE, self.renderer)
        self.intake = Intake(self.publisher, TIMELINE, self.wait_s)
        self.board = self.intake.studios.board
        self.senders: list[Sender] = []

    def send(self, name: str, order: int, which: int = 0, late_frames: int = 0, **how: object) -> Sender:
        """A studio sends what it made, from now on."""
        run = 100 * len(self.senders) + 7
        pieces = made(which, late_frames, 8)
        sender = Sender(Studio(order, name, run), pieces, len(self.senders) + 1, **how)  # type: ignore[arg-type]
        self.senders.append(sender)
        return sender

    def play(self, seconds: float) -> "Night":
        """Let it happen: chunks as they arrive, requests as they end, forty ticks a second."""
        script: list[tuple[int, int, Callable[[], None]]] = []
        for sender in self.senders:
            script += [(at, 1, self._chunk(sender, data)) for at, data in sender.arrivals()]
            if sender.until_s < 1e9:
                script.append((BEGIN_NS + int(sender.until_s * S) + LATE_NS, 2, self._close(sender)))
            self._begin(sender)
        for at, _, act in sorted(script, key=lambda entry: entry[:2]):
            if at > BEGIN_NS + int(seconds * S):
                break
            self._tick_until(at)
            act()
        self._tick_until(BEGIN_NS + int(seconds * S))
        return self

    def _begin(self, sender: Sender) -> None:
        self.publisher.announce(TRACK, self.now_ns)
        self.publisher.attend(TRACK, True)
        self.intake.header(sender.session, TRACK, sender.made.track.init, sender.studio)

    def _chunk(self, sender: Sender, data: bytes) -> Callable[[], None]:
        return lambda: self._tell(self.intake.chunk(sender.session, data, self.now_ns))

    def _close(self, sender: Sender) -> Callable[[], None]:
        def close() -> None:
            self.intake.close(sender.session)
            others = any(each.until_s > sender.until_s for each in self.senders)
            self.publisher.attend(TRACK, others)
            self._tell(self.intake.tick(self.now_ns) + self.publisher.tick(self.now_ns))

        return close

    def _tick_until(self, at_ns: int) -> None:
        while self.now_ns + S // 40 <= at_ns:
            self.now_ns += S // 40
            self._tell(self.intake.tick(self.now_ns) + self.publisher.tick(self.now_ns))
        self.now_ns = max(self.now_ns, at_ns)

    def _tell(self, messages: list) -> None:  # type: ignore[type-arg]
        before = set(self.edge.paths)
        self.edge.take(messages)
        for path in set(self.edge.paths) - before:
            self.told_ns.setdefault(path, self.now_ns)

    @property
    def choice(self):  # type: ignore[no-untyped-def]
        """The track's."""
        return self.board.choices[TRACK]

    @property
    def gaps(self) -> int:
        """Parts and segments that were accounted for by GAP."""
        return self.publisher.lanes[TRACK].gaps

    def media(self) -> bytes:
        """All of the track, as a viewer has it."""
        init = self.publisher.lanes[TRACK].track.init
        blobs = [self.edge.blobs[blob] for blob in sorted(self.edge.blobs)]
        return b"".join([init, *blobs])

    def seen(self) -> list[tuple[int, int]]:
        """(which studio's, which frame) of every picture that is shown, in order, without those that only prime."""
        pictures = decoded(self.media())
        follows = [*(pts for pts, *_ in pictures[1:]), pictures[-1][0] + GRID.frame_ticks]
        return [
            (studio, index) for (pts, studio, index, _), after in zip(pictures, follows, strict=True) if after - pts > 1
        ]
