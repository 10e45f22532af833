"""Lane: one track on its way to viewers: its window, and the paths and blobs under which its media goes out.

Changes of the window enter, feed messages leave: bytes before the paths that range over them, and every path that
is hinted or may be asked for early is Expected until it exists or is Removed.
"""

from collections.abc import Callable, Iterator, Mapping

from ringside.core.feed import (
    Appended,
    Cache,
    Closed,
    Document,
    Expected,
    Message,
    Opened,
    Ranged,
    Removed,
    Streamed,
)
from ringside.core.media import Grid, Segment, Track, View
from ringside.flow.origin.changes import Began, Change, Finished, Grew, Parted
from ringside.flow.origin.reach import Reach
from ringside.flow.origin.standing import changes_of
from ringside.flow.origin.window import Window

JOIN_S = 0.5  # viewers of the stream begin at independent chunks no closer than this


class Lane:
    """A track of the event `/live/{event}`; `blobs` gives numbers unique to the feed."""

    def __init__(
        self, folder: str, track: Track, grid: Grid, window: Window, reach: Reach, blobs: Iterator[int]
    ) -> None:
        self.folder = f"{folder}/{track.name}"
        self.track = track
        self.grid = grid
        self.window = window
        self.reach = reach
        self.ended = False
        self.held_bytes = 0  # in blobs that are still there, listed or not
        self.gaps = 0
        self._blobs = blobs
        self._blob: dict[int, int] = {}
        self._expected: dict[str, None] = {}
        self.headers: dict[str, bytes] = {}  # that are out, by name
        self._join = (-1, 0)  # segment and start, in ticks, of the chunk with which a viewer of the stream begins
        self._streams = False
        self._view: View | None = None

    def __repr__(self) -> str:
        return f"<Lane {self.track.name} {self.window!r}>"

    @property
    def playlist_path(self) -> str:
        """Where its media playlist is."""
        return f"{self.folder}/index.m3u8"

    @property
    def stream_path(self) -> str:
        """Where all of it comes as one endless response."""
        return f"{self.folder}/stream"

    @property
    def content_type(self) -> str:
        """Of its segments and parts."""
        return f"{self.track.kind}/mp4"

    @property
    def end_ns(self) -> int:
        """The Unix time up to which the track is accounted for."""
        return self.window.end_ticks * 10**9 // self.track.timescale

    @property
    def listed_s(self) -> float:
        """Duration of its complete segments."""
        return self.window.listed_ticks / self.track.timescale

    def segment_path(self, number: int) -> str:
        """Path of segment `number`."""
        return f"{self.folder}/{number}.m4s"

    def part_path(self, number: int, part: int) -> str:
        """Path of a part."""
        return f"{self.folder}/{number}.{part}.m4s"

    def header(self) -> list[Message]:
        """The track's CMAF header, when it is not out already."""
        name, init = self.track.init_name, self.track.init
        if name in self.headers:
            return []
        self.headers[name] = init
        return [Document(f"{self.folder}/{name}", init, self.content_type, Cache.IMMUTABLE)]

    def again(self, headers: Mapping[str, bytes], media: Callable[[int], bytes]) -> list[Message]:
        """All that there is, for an edge that knows nothing; `media(n)`: the bytes of segment n."""
        self.headers = dict(headers)
        out: list[Message] = [Expected(self.playlist_path), Expected(self.stream_path)]
        out += [Document(f"{self.folder}/{n}", init, self.content_type, Cache.IMMUTABLE) for n, init in headers.items()]
        gaps = self.gaps
        out += self.messages(changes_of(self.window.standing(), media)) or self.expectations()
        self.gaps = gaps
        return out + (self.end_stream() if self.ended else [])

    def messages(self, changes: list[Change]) -> list[Message]:
        """What the edge must know of `changes`, and what it may now expect."""
        if not changes:
            return []
        self._view = None
        out = [message for change in changes for message in self._message(change)]
        return out + self.expectations()

    def _message(self, change: Change) -> list[Message]:
        match change:
            case Began(number):
                self._blob[number] = next(self._blobs)
                self._expected.pop(self.segment_path(number), None)
                return [Opened(self.segment_path(number), self._blob[number], self.content_type)]
            case Grew(number, data, size):
                self.held_bytes += len(data)
                return [Appended(self._blob[number], size, data), *self._streamed(change)]
            case Parted(number, part) if part.gap:
                self.gaps += 1
            case Parted(number, part):
                path = self.part_path(number, part.index)
                self._expected.pop(path, None)
                return [Ranged(path, self._blob[number], part.offset, part.size, self.content_type)]
            case Finished(segment) if segment.gap:
                self.gaps += 1
            case Finished(segment):
                return [Closed(self._blob[segment.number])]
            case _:
                pass
        return []

    def _streamed(self, grew: Grew) -> list[Message]:
        """Where viewers of the stream begin from now on, if that is another place than before."""
        number, start_ticks = self._join
        close = start_ticks <= grew.start_ticks < start_ticks + JOIN_S * self.track.timescale
        if not grew.independent or (number == grew.number and close):
            return []
        self._join, self._streams = (grew.number, grew.start_ticks), True
        header = f"{self.folder}/{grew.init_name}"
        offset = grew.size - len(grew.data)
        return [Streamed(self.stream_path, header, self._blob[grew.number], offset, self.content_type)]

    def end_stream(self) -> list[Message]:
        """Nothing more comes for those who follow the stream."""
        if not self._streams:
            return []
        self._streams = False
        return [Removed(self.stream_path)]

    def expectations(self) -> list[Message]:
        """Expect the next two parts and the next segments; take back what will not come.

        Two: a viewer may learn of the next part from one worker and ask another that is a moment behind.
        """
        number, part = self.window.next
        wanted: dict[str, None] = {}
        if not self.ended:
            if self.window.has_parts:
                wanted[self.part_path(number, part)] = None
                beyond = self.window.after_next
                if beyond is not None:
                    wanted[self.part_path(*beyond)] = None
            wanted |= {self.segment_path(n): None for n in (number, number + 1) if n not in self._blob}
        out: list[Message] = [Removed(path) for path in self._expected if path not in wanted]
        out += [Expected(path) for path in wanted if path not in self._expected]
        self._expected = wanted
        return out

    def forget(self, segment: Segment) -> str:
        """The segment's media is gone for good: its path, to be Removed; empty for a GAP."""
        if self._blob.pop(segment.number, None) is None:
            return ""
        self.held_bytes -= segment.size
        return self.segment_path(segment.number)

    def changed(self) -> None:
        """Something other than the window changed that its view shows."""
        self._view = None

    def view(self, target_s: int, part_target_s: float, ended: bool) -> View:
        """The window as manifest writers see it; kept until it changes."""
        if self._view is None:
            self._view = self.window.view(self.track, target_s, part_target_s, ended)
        return self._view
