"""Pusher: the studio's end of the ingest: an event's tracks to one origin, or to several at once.

Chunks enter from any thread. What leaves goes each origin's own way (way.py): connections, backlog, drops and retries
of one never touch another's. An origin that refuses the studio is left out, loudly; only when all of them do is there
nobody left to push to.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured
from ringside.core.media import Chunk, Track
from ringside.core.telemetry import Metrics
from ringside.flow.mux.ingest import Origin, Refused
from ringside.flow.mux.way import OnAnswer, Way

log = logging.getLogger(__name__)

MAX_ORIGINS = 4


class Pusher:
    """Sends an event's tracks to an origin over http, or to each of several (`url` given as a sequence).

    Make it inside a running loop; `add_track`, `send` and `send_status` may be called from any thread.
    `await watch()` raises Refused once no origin will have the studio; everything else is retried for ever.
    `studio`: who this is, as the Ringside-Studio field says it; empty: it is not said. `on_answer(text)` is called in
    the loop with what an origin answers to a status.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        token: str,
        clock: Clock,
        event: str = "main",
        metrics: Metrics | None = None,
        studio: str = "",
        on_answer: OnAnswer | None = None,
    ) -> None:
        self.metrics = metrics or Metrics()
        self._loop = asyncio.get_running_loop()
        self._refused: asyncio.Future[None] = self._loop.create_future()
        self._ways: list[Way] = []
        origins = origins_of([url] if isinstance(url, str) else url, token, event, studio)
        for origin in origins:
            labels = {"to": str(origin)} if len(origins) > 1 else {}
            told = on_answer or (lambda _: None)
            self._ways.append(Way(origin, clock, self.metrics, self._turned_away, told, **labels))

    def __repr__(self) -> str:
        return f"<Pusher {self._ways}>"

    def add_track(self, track: Track) -> None:
        """Open a track's request; for a name that is open, later chunks need this header instead."""
        self._soon(lambda way: way.add(track))

    def send(self, chunk: Chunk) -> None:
        """Send a chunk of a track that was added."""
        self._soon(lambda way: way.put(chunk))

    def send_status(self, body: bytes) -> None:
        """Send the studio's status, a JSON document; an older one not sent yet is forgotten."""
        self._soon(lambda way: way.tell(body))

    async def watch(self) -> None:
        """Wait until the pusher is closed; Refused when every origin turns the studio away."""
        await asyncio.shield(self._refused)

    async def close(self, within_s: float = 2.0) -> None:
        """Send what is queued and end the requests properly, in `within_s` seconds at most."""
        await asyncio.sleep(0)  # what other threads handed over before is taken first
        await asyncio.gather(*(way.close(within_s) for way in self._ways))
        if not self._refused.done():
            self._refused.set_result(None)

    def _soon(self, each: Callable[[Way], None]) -> None:
        self._loop.call_soon_threadsafe(self._to_all, each)

    def _to_all(self, each: Callable[[Way], None]) -> None:
        for way in self._ways:
            each(way)

    def _turned_away(self, way: Way, error: BaseException) -> None:
        left = [each for each in self._ways if each.refused is None]
        if left and isinstance(error, Refused):
            log.error("nothing more goes to %s; it goes on to %s", way.origin, ", ".join(str(w.origin) for w in left))
        elif not self._refused.done():
            self._refused.set_exception(error)
            self._refused.exception()  # logged where it was found, should nobody watch


def origins_of(urls: Sequence[str], token: str, event: str, studio: str = "") -> list[Origin]:
    """The origins at `urls`. Raises Misconfigured for one that is none, for one named twice, and for too many."""
    origins = [Origin.from_url(url, token, event, studio) for url in urls]
    if not origins:
        raise Misconfigured("--to is missing: say which origin to push to, e.g. http://origin:8080")
    if len(origins) > MAX_ORIGINS:
        raise Misconfigured(f"--to: {len(origins)} origins are too many; {MAX_ORIGINS} can be pushed to at once")
    for i, origin in enumerate(origins):
        if origin in origins[:i]:
            raise Misconfigured(f"--to {urls[i]} is named twice; name each origin once")
    return origins
