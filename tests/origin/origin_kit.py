"""What the origin's tests share: a studio that cuts chunks of nothing, an edge that believes what it is told and
checks it, and a renderer whose manifests are lists of paths."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ringside.core.feed import Appended, Closed, Document, Expected, Message, Opened, Playlist, Ranged, Removed
from ringside.core.media import Chunk, Grid, Timeline, Track, View
from ringside.flow.origin import Config, Publisher

TIMELINE = Timeline()
VIDEO = Grid.video(Fraction(30))
AUDIO = Grid.audio()
EVEN = 895_000_000  # a segment number of our time
S = 10**9


def track_of(name: str, grid: Grid, init: bytes = b"", codec: str = "", width: int = 1280) -> Track:
    """A track of `grid`, with a header that is only a name."""
    init = init or f"header of {name}".encode()
    if grid.kind == "audio":
        return Track(
            name, "audio", codec or "mp4a.40.2", grid.timescale, init, 130_000, 128_000, sample_rate=48_000, channels=2
        )
    fps = Fraction(grid.timescale, grid.frame_ticks)
    return Track(
        name, "video", codec or "avc1.64001F", grid.timescale, init, 3_000_000, 2_800_000, width, width * 9 // 16, fps
    )


def chunks(name: str, grid: Grid, first: tuple[int, int], count: int, size: int = 100) -> list[Chunk]:
    """`count` chunks, one to a part, from part `first` on, as our own studio cuts them; a key frame every second."""
    index = TIMELINE.first_frame(grid, first[0])
    while TIMELINE.place(grid, index).part < first[1]:
        index += 1
    out = []
    for _ in range(count):
        begin, place = index, TIMELINE.place(grid, index)
        while not TIMELINE.place(grid, index).last_in_part:
            index += 1
        last, index = TIMELINE.place(grid, index).last_in_segment, index + 1
        data = f"{name}/{place.number}.{place.part};".encode().ljust(size, b".")
        ticks, length = begin * grid.frame_ticks, (index - begin) * grid.frame_ticks
        independent = grid.kind == "audio" or place.part % 5 == 0
        out.append(Chunk(name, place.number, place.part, ticks, length, independent, last, data))
    return out


def end_ns(chunk: Chunk, grid: Grid) -> int:
    """The Unix time at which a chunk's media ends."""
    return (chunk.start_ticks + chunk.duration_ticks) * S // grid.timescale


class Lister:
    """A renderer whose playlists list the paths they name, and which keeps the views it was shown."""

    def __init__(self) -> None:
        self.views: dict[str, list[View]] = {}

    def media(self, view: View, siblings: Sequence[View]) -> tuple[bytes, bytes]:
        assert all(sibling.track.name != view.track.name for sibling in siblings)
        self.views.setdefault(view.track.name, []).append(view)
        return "\n".join(named(view)).encode(), b""

    def multivariant(self, tracks: Sequence[Track]) -> bytes:
        return " ".join(track.name for track in tracks).encode()

    def mpd(self, views: Sequence[View], now_ns: int) -> bytes:
        ended = "static" if all(view.ended for view in views) else "dynamic"
        return f"{ended} {' '.join(view.track.name for view in views)}".encode()


def named(view: View) -> list[str]:
    """Every URI that a media playlist of `view` names, hint last."""
    uris = []
    end = view.segments[-1].start_ticks + view.segments[-1].duration_ticks
    for segment in view.segments:
        if segment.start_ticks + segment.duration_ticks > end - 3 * view.target_s * view.track.timescale:
            uris += [
                f"{segment.number}.{part.index}.m4s" for part in segment.parts if not part.gap and view.part_target_s
            ]
        if segment.complete and not segment.gap:
            uris += [f"{segment.number}.m4s", segment.init_name]
    return uris


@dataclass
class Edge:
    """Takes messages as an edge worker would, and asserts that they make sense together."""

    blobs: dict[int, bytes] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    paths: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # blob, offset, size (-1: all)
    documents: dict[str, list[bytes]] = field(default_factory=dict)
    playlists: dict[str, list[Playlist]] = field(default_factory=dict)
    expected: set[str] = field(default_factory=set)
    removed: list[str] = field(default_factory=list)
    hints_kept: int = 0
    hints_broken: int = 0
    ever: set[str] = field(default_factory=set)

    def take(self, messages: Sequence[Message]) -> "Edge":
        for message in messages:
            self._take(message)
        return self

    def _take(self, message: Message) -> None:
        match message:
            case Opened(path, blob):
                assert blob not in self.blobs, "a blob's number was used twice"
                assert path not in self.ever, f"{path} was used twice"
                self.blobs[blob] = b""
                self._exists(path, (blob, 0, -1))
            case Appended(blob, size, data):
                assert blob not in self.closed
                self.blobs[blob] += data
                assert len(self.blobs[blob]) == size
            case Closed(blob):
                assert blob in self.blobs
                self.closed.add(blob)
            case Ranged(path, blob, offset, size):
                assert offset + size <= len(self.blobs[blob]), "a part before its bytes"
                assert path not in self.ever, f"{path} was used twice"
                self._exists(path, (blob, offset, size))
            case Document(path, body):
                self.documents.setdefault(path, []).append(body)
                self.expected.discard(path)
            case Playlist():
                self._take_playlist(message)
            case Expected(path):
                assert path not in self.paths, f"{path} is expected but exists"
                self.expected.add(path)
            case Removed(path):
                assert path in self.paths or path in self.expected, f"{path} was removed but never announced"
                self.hints_broken += path in self.expected
                self.expected.discard(path)
                self.paths.pop(path, None)
                self.removed.append(path)

    def _exists(self, path: str, where: tuple[int, int, int]) -> None:
        self.hints_kept += path in self.expected
        self.expected.discard(path)
        self.paths[path] = where
        self.ever.add(path)

    def _take_playlist(self, playlist: Playlist) -> None:
        folder = playlist.path.rpartition("/")[0]
        for uri in playlist.body.decode().split():
            path = f"{folder}/{uri}"
            assert path in self.paths or path in self.documents, f"{playlist.path} names {uri}, which is not there"
        if not playlist.ended:
            number, part = playlist.next
            hint = f"{folder}/{number}.{part}.m4s" if playlist.part_target_s else f"{folder}/{number}.m4s"
            there = hint in self.expected or f"{folder}/{number}.m4s" in self.paths
            assert there, f"{hint} is hinted but neither expected nor there"
        self.expected.discard(playlist.path)
        self.playlists.setdefault(playlist.path, []).append(playlist)

    def read(self, path: str) -> bytes:
        """The bytes at `path`."""
        blob, offset, size = self.paths[path]
        return self.blobs[blob][offset:] if size < 0 else self.blobs[blob][offset : offset + size]

    def newest(self, track: str, event: str = "main") -> Playlist:
        """The newest media playlist of a track."""
        return self.playlists[f"/live/{event}/{track}/index.m3u8"][-1]


class Event:
    """A publisher with an edge behind it, and simulated time."""

    def __init__(self, **config: object) -> None:
        self.renderer = Lister()
        self.publisher = Publisher(Config(ingest_token="secret-1", **config), "main", TIMELINE, self.renderer)  # type: ignore[arg-type]
        self.edge = Edge()
        self.now_ns = 0
        self._sessions = itertools.count(1)
        self.sessions: dict[str, int] = {}
        self.grids: dict[str, Grid] = {}

    def open(self, name: str, grid: Grid, **track: object) -> None:
        """A session of our own studio begins."""
        self.grids[name] = grid
        self.sessions[name] = next(self._sessions)
        self.publisher.announce(name, self.now_ns)
        self.edge.take(self.publisher.open(track_of(name, grid, **track), grid, self.now_ns))  # type: ignore[arg-type]

    def push(self, *lists: Sequence[Chunk], late_s: float = 0.03) -> None:
        """Chunks of several tracks arrive, each when its media ends; the clock ticks ten times a second between."""
        every = [chunk for each in lists for chunk in each]
        for chunk in sorted(every, key=lambda c: end_ns(c, self.grids[c.track])):
            self.wait_until(end_ns(chunk, self.grids[chunk.track]) + int(late_s * S))
            self.edge.take(self.publisher.add(chunk, self.sessions[chunk.track], self.now_ns))

    def wait_until(self, now_ns: int) -> None:
        """Let time pass, with its ticks."""
        if now_ns - self.now_ns > 100 * S:
            self.now_ns = now_ns
        while self.now_ns + S // 10 <= now_ns:
            self.now_ns += S // 10
            self.edge.take(self.publisher.tick(self.now_ns))
        self.now_ns = max(self.now_ns, now_ns)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.wait_until(self.now_ns + int(seconds * S))

    def view(self, name: str) -> View:
        """What the newest media playlist of a track shows."""
        return self.renderer.views[name][-1]

    def dropped(self) -> dict[str, int]:
        """Chunks not used, by reason."""
        rows = self.publisher.metrics.snapshot()
        return {labels["reason"]: int(n) for name, labels, n in rows if name == "chunks_dropped_total"}


def on_air(**config: object) -> Event:
    """An event with one picture and sound that has been running for a second."""
    event = Event(**config)
    event.wait_until(EVEN * 2 * S)
    event.open("v720", VIDEO)
    event.open("a", AUDIO)
    event.push(chunks("v720", VIDEO, (EVEN, 0), 5), chunks("a", AUDIO, (EVEN, 0), 5))
    return event


def parts_between(first: tuple[int, int], after: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """(number, part) pairs, ten parts to a segment."""
    for position in range(first[0] * 10 + first[1], after[0] * 10 + after[1]):
        yield divmod(position, 10)
