"""What the archive's tests share: an event whose decisions are recorded, and troubles that lead to many of them."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from tests.origin.origin_kit import AUDIO, EVEN, TIMELINE, VIDEO, Edge, Lister, S, chunks, end_ns, track_of

from ringside.core.media import Chunk, Segment, Timeline
from ringside.flow.origin import Config, Publisher
from ringside.flow.origin.archive.past import Past
from ringside.flow.origin.archive.scribe import Scribe, Turn

NAMES = ("v720", "a")
GRIDS = {"v720": VIDEO, "a": AUDIO}

KINDS = st.sampled_from(["gone", "late", "restart", "new header"])
TROUBLES = st.lists(st.tuples(KINDS, st.sampled_from(NAMES), st.integers(2, 50), st.integers(1, 25)), max_size=4)
Trouble = tuple[str, str, int, int]


class Recorded:
    """An event whose every turn is handed to `on_turn`, and whose edge checks what it is told."""

    def __init__(self, on_turn: Callable[["Recorded", Turn], None], **config: Any) -> None:
        self.scribe = Scribe()
        self.publisher = Publisher(
            Config(ingest_token="secret-1", **config), "main", TIMELINE, Lister(), recorder=self.scribe
        )
        self.scribe.lanes = self.publisher.lanes
        self.edge = Edge()
        self.now_ns = EVEN * 2 * S
        self._sessions = itertools.count(1)
        self.sessions: dict[str, int] = {}
        self._on_turn = on_turn

    def tell(self, messages: Any) -> None:
        """As the origin process does: what was decided first, then what is told."""
        turn = self.scribe.take()
        if turn is not None:
            self._on_turn(self, turn)
        self.edge.take(messages)

    def open(self, name: str, init: bytes = b"") -> None:
        self.sessions[name] = next(self._sessions)
        self.publisher.announce(name, self.now_ns)
        track = track_of(name, GRIDS[name], init=init, width=1280 + len(init))
        self.tell(self.publisher.open(track, GRIDS[name], self.now_ns))

    def add(self, chunk: Chunk) -> None:
        self.tell(self.publisher.add(chunk, self.sessions[chunk.track], self.now_ns))

    def wait_until(self, now_ns: int) -> None:
        while self.now_ns + S // 10 <= now_ns:
            self.now_ns += S // 10
            self.tell(self.publisher.tick(self.now_ns))
        self.now_ns = max(self.now_ns, now_ns)


def play(event: Recorded, troubles: list[Trouble], parts: int = 60, ends: bool = True) -> Recorded:
    """`parts` parts of two tracks, with `troubles`: (kind, track, first part, how many)."""
    script: list[tuple[int, str, Chunk | bytes]] = []
    for name in NAMES:
        every = chunks(name, GRIDS[name], (EVEN, 0), parts)
        at = {id(c): end_ns(c, GRIDS[name]) + S // 50 for c in every}
        hurt = [t for t in troubles if t[1] == name]
        for n, (kind, _, first, count) in enumerate(hurt):
            hit = every[first : first + count]
            if kind in ("gone", "restart"):
                every = [c for c in every if c not in hit]
            if kind == "late":
                at |= {id(c): at[id(c)] + 17 * S // 10 for c in hit}
            if kind in ("restart", "new header") and hit:
                header = b"" if kind == "restart" else b"h" * (n + 1)
                script.append((end_ns(hit[-1], GRIDS[name]), name, header))
        script += [(at.get(id(c), end_ns(c, GRIDS[name])), name, c) for c in every]
        event.open(name)
    for now_ns, name, what in sorted(script, key=lambda entry: entry[:2]):
        event.wait_until(now_ns)
        if isinstance(what, bytes):
            event.open(name, what)
        else:
            event.add(what)
    if ends:
        event.tell(event.publisher.end(event.now_ns))
    return event


def windows(publisher: Publisher) -> dict[str, Any]:
    """What must be the same after a restart. Whether a track counts as lost is found out anew."""
    return {name: _steady(lane.window.standing()) for name, lane in publisher.lanes.items()}


def past_windows(past: Past) -> dict[str, Any]:
    """The same of a past."""
    return {name: _steady(lane.window.standing()) for name, lane in past.lanes.items()}


def _steady(standing: Any) -> Any:
    return replace(standing, lost=False, returning=False)


def timeline() -> Timeline:
    """The tests' own."""
    return TIMELINE


def segment(number: int, size: int = 100, **more: bool) -> Segment:
    """A finished segment."""
    return Segment(number, number * 60_000, 60_000, (), True, "init-x.mp4", size, **more)
