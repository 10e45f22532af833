"""Census: who was asked for how often, by kind and by track, and which objects are the busiest. Pure.

Each path has a Tally, to which its answers add as they are given. Once a second these are folded into totals, and those
of paths that are gone are forgotten. A track is a folder; its rung is told by what its parts weigh.
"""

import re
from collections.abc import Callable
from heapq import nlargest
from typing import Any

from ringside.flow.relay.answer.serve import Tally

BUSIEST = 10
AT_ONCE = 10_000
MAX_TRACKS = 1000
PART = re.compile(r"/\d+\.\d+\.\w+$")
ENDINGS = {
    "m3u8": "playlist",
    "mpd": "manifest",
    "m4s": "segment",
    "ts": "segment",
    "aac": "segment",
    "cmfv": "segment",
    "cmfa": "segment",
    "html": "page",
    "js": "page",
    "css": "page",
    "svg": "page",
}
KINDS = ("playlist", "part", "segment", "manifest", "page", "other")
MEDIA = {"part", "segment"}


def kind_of(path: str) -> str:
    """What a path names, by how it ends; its query does not matter."""
    path = path.partition("?")[0]
    if PART.search(path):
        return "part"
    name = path.rpartition("/")[2]
    return ENDINGS.get(name.rpartition(".")[2], "page" if not name or "." not in name else "other")


class _Track:
    """A folder of media: what was served of it. `video`: it has pictures."""

    __slots__ = ("bytes", "hits", "video")

    def __init__(self) -> None:
        self.hits = self.bytes = 0
        self.video = False

    @property
    def weight(self) -> float:
        """Bytes of an answer, on average."""
        return self.bytes / self.hits


class Census:
    """Tallies by path, and their sums."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._kinds = {kind: Tally() for kind in KINDS}
        self._tracks: dict[str, _Track] = {}
        self._recent: dict[tuple[str, str], _Track] = {}
        self._due: list[str] = []
        self._busiest: list[dict[str, Any]] = []

    def tally(self, path: str, content_type: str = "") -> Tally:
        """The tally of `path`; a new one if there is none."""
        known = self._tallies.get(path)
        if known is None:
            known = self._tallies[path] = Tally(video=content_type.startswith("video/"))
        return known

    def fold(self, alive: Callable[[str], object | None]) -> None:
        """Add what has been asked since the last time to the totals; forget the paths that are not `alive`.

        Where there are very many, only some of them have their turn.
        """
        rows: list[tuple[int, int, str]] = []
        self._recent = {}
        due = self._due or list(self._tallies)
        due, self._due = due[:AT_ONCE], due[AT_ONCE:]
        for path in due:
            tally = self._tallies[path]
            hits, held, size = tally.take()
            if hits:
                rows.append((hits, held, path))
                self._add(path, tally.video, hits, held, size)
            elif alive(path) is None:
                del self._tallies[path]
        self._busiest = [{"path": p, "hits": n, "held": held} for n, held, p in nlargest(BUSIEST, rows)]

    def _add(self, path: str, video: bool, hits: int, held: int, size: int) -> None:
        kind = kind_of(path)
        total = self._kinds[kind]
        total.hits, total.held, total.bytes = total.hits + hits, total.held + held, total.bytes + size
        if kind in MEDIA:
            folder = path.rpartition("/")[0]
            for track in (
                self._tracks.setdefault(folder, _Track()),
                self._recent.setdefault((kind, folder), _Track()),
            ):
                track.hits, track.bytes, track.video = track.hits + hits, track.bytes + size, track.video or video
        while len(self._tracks) > MAX_TRACKS:
            del self._tracks[next(iter(self._tracks))]

    def top_rung_share(self) -> float | None:
        """Of the pictures served in the last second, the share of the heaviest rung; None while there are none."""
        parts, segments = (
            [track for (kind, _), track in self._recent.items() if kind == which and track.video]
            for which in ("part", "segment")
        )
        rungs = parts or segments
        if not rungs:
            return None
        return round(max(rungs, key=lambda track: track.weight).hits / sum(track.hits for track in rungs), 4)

    def report(self) -> dict[str, Any]:
        """JSON-ready: totals by kind and track since the beginning, the last second's busiest objects and top rung."""
        kinds = {name: {"hits": t.hits, "held": t.held, "bytes": t.bytes} for name, t in self._kinds.items()}
        tracks = {name: {"hits": t.hits, "parts": t.hits, "bytes": t.bytes} for name, t in self._tracks.items()}
        return {
            "kinds": kinds,
            "tracks": tracks,
            "objects": self._busiest,
            "top_rung_share": self.top_rung_share(),
        }
