"""A WHIP source on a real port, a sink that remembers, and publishers: all closed at the end."""

import asyncio
import threading
from collections.abc import Callable
from fractions import Fraction

import aiohttp
import av
import numpy as np
from whip_sender import Sender

from ringside.core.clock import Clock
from ringside.core.telemetry import Metrics
from ringside.flow.capture.config import Input
from ringside.flow.capture.source import SourceInfo
from ringside.flow.capture.spec import parse
from ringside.flow.capture.whip import source

TOKEN = "let-me.in_42"
PATIENCE_S = 20.0
INFO = SourceInfo(1280, 720, Fraction(30), True, True, "")


class Sink:
    """What a source handed over: events, pictures as (pts_ns, brightness, width), sounds as (pts_ns, loudness)."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.pictures: list[tuple[int, float, int]] = []
        self.sounds: list[tuple[int, float]] = []
        self.threads: set[int] = set()
        self._changed = threading.Condition()

    def __repr__(self) -> str:
        return f"<Sink {self.events} {len(self.pictures)} pictures {len(self.sounds)} sounds>"

    def opened(self, description: str, aspect: Fraction = Fraction(1)) -> None:
        self._note(lambda: self.events.append(f"opened {description}"))

    def closed(self, reason: str) -> None:
        self._note(lambda: self.events.append(f"closed {reason}"))

    def video(self, picture: av.VideoFrame, pts_ns: int, arrival_ns: int) -> None:
        light = float(np.frombuffer(picture.planes[0], np.uint8).mean())
        self._note(lambda: self.pictures.append((pts_ns, light, picture.width)))

    def audio(self, sound: av.AudioFrame, pts_ns: int, arrival_ns: int) -> None:
        samples = sound.to_ndarray()
        loud = float(np.abs(samples).max()) / (1 if samples.dtype.kind == "f" else 32768)
        self._note(lambda: self.sounds.append((pts_ns, loud)))

    def _note(self, do: Callable[[], None]) -> None:
        with self._changed:
            self.threads.add(threading.get_ident())
            do()
            self._changed.notify_all()

    async def wait(self, condition: Callable[["Sink"], bool]) -> None:
        """Until `condition` holds of this sink; fails after PATIENCE_S."""

        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(lambda: condition(self), PATIENCE_S)

        assert await asyncio.to_thread(wait), f"waited in vain: {self}"


class Scene:
    """The source, and who publishes to it."""

    def __init__(self, clock: Clock, takeover: bool = False) -> None:
        url = "whip://127.0.0.1:0/whip"
        self.sink, self.metrics = Sink(), Metrics()
        self.source = source(parse(url), Input(url=url, token=TOKEN, takeover=takeover), clock, INFO, self.metrics)
        self.source.start(self.sink)
        self.url = f"http://127.0.0.1:{self.source.port}/whip"
        self._senders: list[Sender] = []

    async def __aenter__(self) -> "Scene":
        return self

    async def __aexit__(self, *_: object) -> None:
        for sender in self._senders:
            await sender.close()
        await asyncio.to_thread(self.source.stop)

    def sender(self, *args: object, **more: object) -> Sender:
        self._senders.append(Sender(self.url, TOKEN, *args, **more))
        return self._senders[-1]

    async def published(self, codec: str = "VP8", late_s: float = 0) -> Sender:
        """A publisher whose pictures and sound come through."""
        sender = self.sender(codec, late_s=late_s)
        assert await sender.publish() == 201
        had = len(self.sink.pictures), len(self.sink.sounds)
        await self.sink.wait(lambda sink: len(sink.pictures) > had[0] + 3 and len(sink.sounds) > had[1])
        return sender

    async def ask(self, method: str, path: str = "", body: bytes = b"", **headers: str) -> aiohttp.ClientResponse:
        """An answer of the endpoint, read; header names with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with aiohttp.ClientSession() as session:
            async with session.request(method, self.url + path, data=body, headers=sent) as answer:
                await answer.read()
                return answer

    async def until(self, condition: Callable[[dict[str, object]], bool]) -> None:
        """Until the source's status is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self.source.status()):  # noqa: ASYNC110  another thread's
                await asyncio.sleep(0.02)
