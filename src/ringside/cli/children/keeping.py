"""Keeping: what has left memory, or has ended, brought back for whoever wants it. Here origin and relay are wired.

The origin's Library says what may be asked for and writes manifests, a Recording reads media, and the relay's Pull
brings each thing once, keeps what is wanted within `MEMORY_BYTES`, and tells this machine's workers.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

from ringside.core.catalog import Index, Roll
from ringside.core.clock import Clock
from ringside.core.errors import RingsideError
from ringside.core.feed import PULLED
from ringside.core.media import Track
from ringside.flow.mux import dash, hls
from ringside.flow.origin.replay import Asked, Kind, Library, Recording, asked
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.fill.fetch import Unanswered
from ringside.flow.relay.fill.lifetime import Answer
from ringside.flow.relay.fill.policy import Policy
from ringside.flow.relay.fill.pull import Pull

MEMORY_BYTES = 128 << 20  # of what was brought back, beside live media
AT_ONCE = 16  # segments being read
IMMUTABLE = "public, max-age=86400, immutable"
DVR = "public, max-age=1"  # it is renewed once a segment
REPLAY = "public, max-age=60"  # an event that has ended may go on after all
REFUSED = "public, max-age=2"
TYPES = {
    Kind.MULTIVARIANT: "application/vnd.apple.mpegurl",
    Kind.PLAYLIST: "application/vnd.apple.mpegurl",
    Kind.MPD: "application/dash+xml",
}


class Manifests:
    """Writes manifests of recordings: the mux's writers, for the origin's Library."""

    def whole(self, roll: Roll, timescale: int) -> hls.WholeRenderer:
        """A writer of one track's playlists."""
        return hls.WholeRenderer(roll, timescale)

    def multivariant(self, tracks: Sequence[Track], title: str, leaf: str) -> bytes:
        """The multivariant playlist of tracks whose playlists are called `leaf`."""
        return hls.multivariant(tracks, title, leaf)

    def mpd(self, tracks: Sequence[tuple[Mapping[str, Track], Roll]], index: Index) -> bytes:
        """The static MPD of tracks, each with its versions."""
        config = dash.Config(segment_s=index.timeline.segment_s)
        return dash.recorded([dash.Recorded(versions, roll) for versions, roll in tracks], config)


class Librarian:
    """Answers the relay's Pull out of `library`; media is read from `recording`."""

    def __init__(self, library: Library, recording: Recording) -> None:
        self._library = library
        self._recording = recording

    @asynccontextmanager
    async def ask(self, key: str, known: Answer | None) -> AsyncIterator[tuple[Answer, AsyncGenerator[bytes, None]]]:
        """The answer to `key`, and its body. Raises Unanswered where the archive cannot be read now."""
        wish = asked(key)
        if wish is None or not self._library.has(wish):
            yield _refusal()
        elif wish.kind is Kind.SEGMENT:
            yield _found(await self._read(wish), self._media_type(wish), IMMUTABLE)
        elif wish.kind is Kind.HEADER:
            yield _found(await self._text(wish), self._media_type(wish), IMMUTABLE)
        else:
            yield _found(await self._text(wish), TYPES[wish.kind], REPLAY if wish.replay else DVR)

    async def _read(self, wish: Asked) -> bytes:
        try:
            return await self._recording.read(wish.track, wish.number)
        except RingsideError as error:
            raise Unanswered(str(error), 503) from None

    async def _text(self, wish: Asked) -> bytes:
        while (text := self._library.text(wish)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0)  # a long playlist is printed bit by bit: live media comes first
        return text

    def _media_type(self, wish: Asked) -> str:
        return f"{self._recording.tracks()[wish.track].kind}/mp4"


class Keeping:
    """Offers `recording` to the workers of `hub`; the DVR reaches back `dvr_s`, 0: there is none."""

    def __init__(self, recording: Recording, hub: Hub, clock: Clock, dvr_s: float, memory: int = MEMORY_BYTES) -> None:
        self._hub = hub
        self.library = Library(recording, Manifests(), dvr_s)
        publish = partial(hub.publish, elsewhere=False)
        librarian = Librarian(self.library, recording)
        self.pull = Pull(librarian, Policy(max_pulls=AT_ONCE), memory, clock, publish, count(PULLED))

    def __repr__(self) -> str:
        return f"<Keeping {self.library!r} {self.pull!r}>"

    def renew(self) -> None:
        """A segment is finished, or the event has ended, or goes on: say what may be asked for now."""
        changed = self.library.kept()
        if changed:
            self._hub.publish(changed)

    def wanted(self, path: str) -> None:
        """A worker asks for `path`."""
        self.pull.wanted(path)

    async def run(self) -> None:
        """Let go of what is over, for ever."""
        await self.pull.run()

    def describe(self) -> dict[str, Any]:
        """For the status page, JSON-ready: counts since the beginning, bytes."""
        told = self.pull.describe()
        return {name: told[name] for name in ("pulls", "pulled_bytes", "failures", "objects", "bytes", "evicted")}


def _found(body: bytes, content_type: str, caching: str) -> tuple[Answer, AsyncGenerator[bytes, None]]:
    if not body:
        return _refusal()
    return Answer(200, content_type, len(body), caching), _whole(body)


def _refusal() -> tuple[Answer, AsyncGenerator[bytes, None]]:
    body = b"this was not recorded, or is kept no longer\n"
    return Answer(404, "text/plain; charset=utf-8", len(body), REFUSED), _whole(body)


async def _whole(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
