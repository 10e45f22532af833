"""Receiver: one process that takes a session as a gateway does, and publishes to nobody.

`python -m bench.multicast.receiver JSON`: a description, how many turns of which parts there will be. The socket, the
checks, the codes, the order of turns are the product's own; the hub and the viewers are not there, and what is asked
for by unicast is answered at once. It prints a line when it listens, and what it counted when all turns came or
nothing did for long.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import uvloop

from bench.multicast.stream import BLOB, EPOCH, LOOPBACK, SEGMENT, Stream
from ringside.core.feed import Appended, Opened, Turn
from ringside.core.mabr import Keys, from_xml
from ringside.flow.relay.gateway.actions import Action, Ask, Publish
from ringside.flow.relay.gateway.gateway import TICK_S, Gateway
from ringside.flow.relay.gateway.socket import BUFFER_BYTES, Reception, joined

QUIET_S = 1.5


class Taking:
    """The gateway and what became of what it wanted done."""

    def __init__(self, gateway: Gateway, stream: Stream) -> None:
        self.gateway = gateway
        self.turns = stream.parts
        self.pool = stream.pool()
        self.counts: Counter[str] = Counter()
        self.last_s = self.first_s = self.cpu_s = 0.0
        self.opened = Opened(SEGMENT, BLOB, "video/mp4")
        now_ns = time.time_ns()
        self.do(gateway.swapped([self.opened], 0, now_ns))
        self.do(gateway.fed(Turn(EPOCH, 0), [], now_ns))

    def packet(self, data: bytes, source: str) -> None:
        if not self.counts["packets"]:
            self.first_s, self.cpu_s = time.monotonic(), time.process_time()
        self.counts["packets"] += 1
        self.counts["bytes"] += len(data)
        self.do(self.gateway.packet(data, source, time.time_ns()))

    def do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self.counts[type(action).__name__] += 1
            if isinstance(action, Publish):
                media = sum(len(message.data) for message in action.messages if isinstance(message, Appended))
                self.counts["media_bytes"] += media
            elif isinstance(action, Ask):
                self.answer(action)

    def answer(self, asked: Ask) -> None:
        data = self.pool[int(asked.path.split(".")[1]) % len(self.pool)]
        pieces = [(first, data[first:end]) for first, end in asked.ranges]
        self.counts["unicast_bytes"] += sum(len(piece) for _, piece in pieces)
        self.do(self.gateway.repaired(asked.number, pieces, time.time_ns()))

    async def all_of_it(self) -> None:
        """Return when all turns are published, or no packet came for a while."""
        seen, since_s = 0, time.monotonic() + 60
        while self.counts["Publish"] < self.turns and time.monotonic() - since_s < QUIET_S:
            await asyncio.sleep(TICK_S)
            self.do(self.gateway.tick(time.time_ns()))
            if self.counts["packets"] != seen:
                seen, since_s = self.counts["packets"], time.monotonic()
        self.last_s = time.monotonic()


async def take(told: dict[str, Any]) -> dict[str, Any]:
    """Listen, say so, take, and tell."""
    description = from_xml(told["description"].encode())
    stream = Stream(Keys(description.key, bytes(32)), told["part_bytes"], told["turns"], told["seed"])
    taking = Taking(Gateway(description, time.time_ns()), stream)
    reception = Reception(joined(description, LOOPBACK, told.get("buffer_bytes", BUFFER_BYTES)), taking.packet)
    print("listening", flush=True)
    await taking.all_of_it()
    took_s, cpu_s = taking.last_s - taking.first_s, time.process_time() - taking.cpu_s
    health = taking.gateway.describe(reception.unread, reception.buffer_bytes)
    reception.close()
    return {**taking.counts, "took_s": took_s, "cpu_s": cpu_s, "health": health}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(take(json.loads(sys.argv[1])))))
