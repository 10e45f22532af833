"""Mapping: the feed's messages as what MoQ carries: broadcasts, tracks, groups and frames. Pure.

What enters: the messages of a hub, in order. What leaves: actions: begin a group on a track, send bytes of a blob as
one frame, end a group, end a track with its event. `/live/main/v360/stream` is track `v360` of broadcast `live/main`.
A group begins where who joins the stream begins (Streamed): its first frame is the CMAF header, each other one what one
Appended added: whole chunks. So whoever joins a track is given the newest group from its beginning, and needs nothing
from elsewhere.

Streamed comes after the bytes it speaks of. What was appended is therefore kept back until the message after it, or
the end of what arrived together (`flush`); should Streamed come later still, its group begins with bytes that were sent
once already at the end of the one before.

The mirror is small: sizes of the newest blobs of each track, the headers in use, and how far each stream was sent. That
outlives the feed: one that begins anew goes on after the last byte sent, where the object is still the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ringside.core.feed import Anew, Appended, Document, Message, Opened, Playlist, Removed, Streamed, Synced

STREAM = "/stream"
BLOBS_PER_TRACK = 3  # the one that grows, the one before, and one for a stream that is not there yet
MAX_TRACKS = 64
MAX_HEADER_BYTES = 64 << 10
MAX_HEADERS = 4 * MAX_TRACKS
NOWHERE = -1


class Place(NamedTuple):
    """Where a stream is in MoQ: `broadcast` as `live/main`, `track` as `v360`."""

    broadcast: str
    track: str


class Group(NamedTuple):
    """Begin a group at `place`, ending the one before; its first frame is `header`."""

    place: Place
    header: bytes


class Chunks(NamedTuple):
    """One frame more in the group at `place`: bytes [first, end) of `blob`."""

    place: Place
    blob: int
    first: int
    end: int


class Over(NamedTuple):
    """The group at `place` is complete, and no other follows for now."""

    place: Place


class End(NamedTuple):
    """The track at `place` is complete: its event has ended."""

    place: Place


class Forget(NamedTuple):
    """Nothing will be sent of `blob` any more."""

    blob: int


Action = Group | Chunks | Over | End | Forget


@dataclass(slots=True)
class _Blob:
    path: str
    size: int = 0


@dataclass(slots=True)
class _Stream:
    place: Place
    header: str = ""
    path: str = ""  # of the object it is in
    blob: int = NOWHERE
    sent: int = 0  # bytes of it
    told: bool = True  # by this feed


def place_of(path: str) -> Place | None:
    """Where the stream at `path` is in MoQ; None for a path that is no stream's."""
    folder, slash, name = path.removesuffix(STREAM).rpartition("/")
    if not path.endswith(STREAM) or not slash or not name or not folder.startswith("/") or folder == "/":
        return None
    return Place(folder.strip("/"), name)


class Mapping:
    """What is known of a feed, as far as MoQ needs it. `late`: groups whose first chunk was sent twice.

    `unfit`: messages that no action could come of: a stream without its header, more tracks than MAX_TRACKS.
    """

    def __init__(self) -> None:
        self._blobs: dict[int, _Blob] = {}
        self._headers: dict[str, bytes] = {}
        self._streams: dict[str, _Stream] = {}
        self._by_blob: dict[int, _Stream] = {}
        self._unsent: set[int] = set()
        self.late = 0
        self.unfit = 0

    def __repr__(self) -> str:
        return f"<Mapping {len(self._streams)} streams {len(self._blobs)} blobs>"

    @property
    def places(self) -> list[Place]:
        """Where something is sent."""
        return [stream.place for stream in self._streams.values() if stream.blob != NOWHERE]

    def begin(self) -> list[Action]:
        """A feed begins anew: all will be told again, and what is not, up to Synced, is over."""
        actions: list[Action] = [Forget(blob) for blob in self._blobs]
        self._blobs.clear()
        self._by_blob.clear()
        self._headers.clear()
        self._unsent.clear()
        for stream in self._streams.values():
            stream.told, stream.blob = False, NOWHERE
        return actions

    def flush(self) -> list[Action]:
        """Send what has been kept back."""
        actions: list[Action] = []
        for blob in self._unsent:
            actions += self._send(self._by_blob[blob])
        self._unsent.clear()
        return actions

    def apply(self, message: Message) -> list[Action]:
        """Take one message in; what is to be done, in order."""
        if isinstance(message, Streamed):
            return list(self._streamed(message))
        if isinstance(message, Anew):
            return self.begin()
        actions = self.flush()
        match message:
            case Opened(path, blob):
                actions += self._opened(path, blob)
            case Appended(blob, size):
                self._appended(blob, size)
            case Document(path, body, content_type) if content_type.endswith("/mp4"):
                self._keep_header(path, body)
            case Playlist(path, ended=True):
                actions += self._ended(path.rpartition("/")[0] + STREAM)
            case Removed(path):
                actions += self._removed(path)
            case Synced():
                for path in [path for path, stream in self._streams.items() if not stream.told]:
                    actions += self._removed(path)
            case _:
                pass
        return actions

    def _opened(self, path: str, number: int) -> Iterator[Action]:
        folder = path.rpartition("/")[0]
        self._blobs[number] = _Blob(path)
        siblings = [n for n, blob in self._blobs.items() if blob.path.rpartition("/")[0] == folder]
        for old in siblings[:-BLOBS_PER_TRACK]:
            if old not in self._by_blob:
                del self._blobs[old]
                yield Forget(old)

    def _appended(self, number: int, size: int) -> None:
        if (blob := self._blobs.get(number)) is not None:
            blob.size = size
            if number in self._by_blob:
                self._unsent.add(number)

    def _keep_header(self, path: str, body: bytes) -> None:
        if len(body) > MAX_HEADER_BYTES:
            self.unfit += 1
            return
        self._headers.pop(path, None)
        self._headers[path] = body
        if len(self._headers) > MAX_HEADERS:
            in_use = {stream.header for stream in self._streams.values()}
            del self._headers[next((path for path in self._headers if path not in in_use), path)]

    def _ended(self, path: str) -> Iterator[Action]:
        yield from self._removed(path)
        if (place := place_of(path)) is not None:
            yield End(place)

    def _removed(self, path: str) -> Iterator[Action]:
        self._headers.pop(path, None)
        for number in [n for n, blob in self._blobs.items() if blob.path == path and n not in self._by_blob]:
            del self._blobs[number]
            yield Forget(number)
        stream = self._streams.pop(path, None)
        if stream is not None:
            self._by_blob.pop(stream.blob, None)
            yield Over(stream.place)

    def _streamed(self, message: Streamed) -> Iterator[Action]:
        blob, header = self._blobs.get(message.blob), self._headers.get(message.header)
        stream = self._streams.get(message.path) or self._new(message.path)
        if blob is None or header is None or stream is None:
            self.unfit += 1
            yield from self.flush()
            return
        before, again = (stream.header, stream.path, stream.blob), not stream.told
        if stream.blob not in (NOWHERE, message.blob):
            yield from self._send(stream)  # the end of the one before
        self._follow(stream, message, blob)
        if again and before[:2] == (stream.header, stream.path) and stream.sent >= message.offset:
            yield from self._send(stream)  # the feed is another, the group is not
            return
        if before == (stream.header, stream.path, stream.blob):
            yield from self._send(stream, until=message.offset)
            self.late += stream.sent > message.offset
        stream.sent = message.offset
        yield Group(stream.place, header)
        yield from self._send(stream)

    def _new(self, path: str) -> _Stream | None:
        place = place_of(path)
        if place is None or len(self._streams) >= MAX_TRACKS:
            return None
        return self._streams.setdefault(path, _Stream(place))

    def _follow(self, stream: _Stream, message: Streamed, blob: _Blob) -> None:
        self._by_blob.pop(stream.blob, None)
        self._unsent -= {stream.blob, message.blob}
        self._by_blob[message.blob] = stream
        stream.told = True
        stream.header, stream.path, stream.blob = message.header, blob.path, message.blob

    def _send(self, stream: _Stream, until: int | None = None) -> Iterator[Action]:
        blob = self._blobs.get(stream.blob)
        if blob is None:
            return
        first, end = stream.sent, blob.size if until is None else until
        if end > first:
            stream.sent = end
            yield Chunks(stream.place, stream.blob, first, end)
