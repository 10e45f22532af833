"""Serve: who takes what an outlet publishes: sessions of viewers on a UDP port of ours, or one relay, elsewhere.

What enters: an origin of moq-rs, and where to listen or to publish. What leaves: sessions, each accepted in a task of
its own and held until it closes; no more than `max_sessions`, the rest refused and counted. Nobody can publish to us.

Without a certificate of the operator's there is one of our own (certificate), which is made anew well before it runs
out; the operator's is read anew when its files change. Either closes the sessions there are: players come again.
"""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any, NamedTuple

import moq

from ringside.core.clock import Clock
from ringside.core.ends import first
from ringside.flow.relay.moq.certificate import own
from ringside.flow.relay.moq.config import Config

log = logging.getLogger(__name__)

REFUSED = 503
RETRY_S = 1.0
LOOK_S = 5.0  # how often the certificate's files are looked at


class Where(NamedTuple):
    """Where to listen: an address, a UDP port, the operator's certificate and key (PEM) if there are any.

    `folder`: where a certificate of our own is kept; nobody else may read it.
    """

    host: str
    port: int
    folder: Path
    tls: tuple[Path, Path] | None = None

    @property
    def address(self) -> str:
        """As moq-rs wants it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Port:
    """Viewers' sessions on a UDP port. Counters: `accepted`, `refused` (too many), `failed` (no handshake)."""

    def __init__(self, config: Config, where: Where, origin: moq.OriginProducer, clock: Clock) -> None:
        self._config = config
        self._where = where
        self._origin = origin
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: dict[moq.Session, int] = {}
        self._sent = 0  # bytes, in sessions that are over
        self.ready = False
        self.fingerprint = ""
        self.fault = ""
        self.accepted = self.refused = self.failed = self.renewed = 0

    def __repr__(self) -> str:
        return f"<Port {self._where.address} {len(self._sessions)} sessions>"

    def describe(self) -> dict[str, Any]:
        """Offer and counters, JSON-ready."""
        own = {"url": self._config.url, "port": self._where.port, "fingerprint": self.fingerprint}
        lost = self._count()
        return {
            **own, "ready": self.ready, "fault": self.fault, "sessions": len(self._sessions),
            "accepted": self.accepted, "refused": self.refused, "failed": self.failed, "renewed": self.renewed,
            "sent_bytes": self._sent + sum(self._sessions.values()), "lost_packets": lost,
        }  # fmt: skip

    async def run(self) -> None:
        """Serve until cancelled. A port that cannot be had is tried again each second."""
        try:
            while True:
                try:
                    await self._listen()
                    self.renewed += 1
                except moq.Error as error:
                    self.ready = False
                    self.fault = _noted(f"UDP port {self._where.port} cannot be served: {error}", self.fault)
                    await asyncio.sleep(RETRY_S)
        finally:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        """With one certificate, for as long as it is to be used."""
        tls, now_s = self._where.tls, self._clock.now_ns() / 1e9
        ours = None if tls else own(self._where.folder, now_s, self._config.renew_s)
        cert, key = tls or (ours.cert, ours.key)  # type: ignore[union-attr]
        pem: dict[str, Any] = {"tls_cert": [str(cert)], "tls_key": [str(key)]}
        async with moq.Server(self._where.address, publish=self._origin, **pem) as server:
            self.fingerprint = ours.fingerprint if ours else ""
            self.ready, self.fault = True, ""
            worn = asyncio.sleep(ours.made_s + self._config.renew_s - now_s) if ours else _changed(cert, key)
            await first(self._accept(server), worn)

    async def _accept(self, server: moq.Server) -> None:
        async for request in server:
            task = asyncio.create_task(self._hold(request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _hold(self, request: moq.Request) -> None:
        session: moq.Session | None = None
        try:
            async with asyncio.timeout(self._config.handshake_s):
                if len(self._tasks) > self._config.max_sessions:
                    self.refused += 1
                    await request.reject(REFUSED)
                    return
                session = await request.accept()
        except (moq.Error, TimeoutError) as error:
            self.failed += 1
            log.debug("a session did not come about: %s", error)
            return
        self.accepted += 1
        self._sessions[session] = 0
        try:
            await session.closed()
        except moq.Error as error:
            log.debug("a session ended: %s", error)
        finally:
            self._sent += self._sessions.pop(session, 0)

    def _count(self) -> int:
        """Bytes sent are taken down; how many packets were lost in the sessions there are."""
        lost = 0
        for session in self._sessions:
            with contextlib.suppress(moq.Error):
                stats = session.stats()
                self._sessions[session] = stats.bytes_sent or 0
                lost += stats.packets_lost or 0
        return lost


class Uplink:
    """One relay that takes everything and serves viewers. `lost`: how often it was gone."""

    def __init__(self, config: Config, origin: moq.OriginProducer) -> None:
        self._config = config
        self._origin = origin
        self._session: moq.Session | None = None
        self.fault = ""
        self.lost = 0

    def __repr__(self) -> str:
        return f"<Uplink {'up' if self._session else 'down'} lost {self.lost}>"

    @property
    def ready(self) -> bool:
        """Whether the relay takes what is published."""
        return self._session is not None

    def describe(self) -> dict[str, Any]:
        """Offer and counters, JSON-ready. The query of the relay's address may be a secret, and is not told."""
        shown = self._config.url or self._config.relay.partition("?")[0]
        sent = None
        if self._session is not None:
            with contextlib.suppress(moq.Error):
                sent = self._session.stats().bytes_sent
        return {
            "url": shown, "port": None, "fingerprint": self._config.fingerprint, "ready": self.ready,
            "relay": shown, "fault": self.fault, "lost": self.lost, "sent_bytes": sent or 0,
        }  # fmt: skip

    async def run(self) -> None:
        """Publish until cancelled; a relay that is gone is dialled again each second."""
        while True:
            try:
                await self._publish()
            except (moq.Error, TimeoutError) as error:
                reason = str(error) or "no answer"
                self.fault = _noted(f"the relay does not take what is published: {reason}", self.fault)
            self.lost += self._session is not None
            self._session = None
            await asyncio.sleep(RETRY_S)

    async def _publish(self) -> None:
        pinned = [self._config.fingerprint] if self._config.fingerprint else None
        client = moq.Client(
            self._config.relay, tls_fingerprints=pinned, websocket_enabled=False, reconnect=False, publish=self._origin
        )
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(self._config.handshake_s):
                await stack.enter_async_context(client)
            self._session, self.fault = client.session, ""
            assert self._session is not None
            await self._session.closed()


def _noted(fault: str, before: str) -> str:
    """The fault there is now, with a line in the log where it is another than before."""
    if fault != before:
        log.warning("%s; trying again", fault)
    return fault


async def _changed(*paths: Path) -> None:
    """Until one of these files is another."""
    seen = _stamps(paths)
    while _stamps(paths) == seen:  # noqa: ASYNC110 - files do not tell when they change
        await asyncio.sleep(LOOK_S)


def _stamps(paths: tuple[Path, ...]) -> list[tuple[int, int]]:
    stamps = []
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((found.st_mtime_ns, found.st_size))
    return stamps
