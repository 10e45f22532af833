"""Stream: a session as a sender would send it, made beforehand: signed packets, news behind each object. Pure.

What enters: parts of one size, keys, a seed. What leaves: a description, and datagrams in the order of sending; where
packets are to be lost they are left out here, by the seed, and never sent.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from ringside.core.alc import RAPTORQ, Mac, write
from ringside.core.feed import Ranged
from ringside.core.feed.news import DIGEST_BYTES, MediaRef, TurnOf, Writer
from ringside.core.mabr import Description, Endpoint, Keys
from ringside.flow.relay.sender.packets import Coding, Object, packets

GROUP, PORT = "239.66.7.8", 5099
LOOPBACK = "127.0.0.1"
NEWS_TSI, TSI = 1, 10
SYMBOL, OVERHEAD = 1280, 12
EPOCH = 1_790_000_000_000_000_000
SEGMENT, BLOB = "/live/main/v720/895000000.m4s", 1
POOL = 4
TOLD = 3  # a turn is told with the two before it


@dataclass
class Stream:
    """`parts` parts of `part_bytes`, one a turn; `lost` is the share of packets left out, once `clean` parts are sent:
    a gateway must be on the group before it mends by itself, and there is no feed here that would have all turns."""

    keys: Keys
    part_bytes: int
    parts: int
    seed: int = 0
    lost: float = 0.0
    clean: int = 0
    left_out: int = 0
    description: Description = field(init=False)

    def __post_init__(self) -> None:
        self.description = Description(
            event="main", origin="http://127.0.0.1:9", news=Endpoint(GROUP, PORT, None, NEWS_TSI),
            tracks={"v720": Endpoint(GROUP, PORT, None, TSI)}, fec=RAPTORQ, overhead=OVERHEAD, symbol=SYMBOL,
            repair=("http://127.0.0.1:9",), reorder_ms=20, key=self.keys.group, public=self.keys.public, until=1 << 32,
        )  # fmt: skip

    def pool(self) -> list[bytes]:
        """The parts that there are: part n has the bytes of pool[n modulo 4]."""
        chance = random.Random(self.seed + 1)
        return [chance.randbytes(self.part_bytes) for _ in range(POOL)]

    def datagrams(self, began_us: int) -> Iterator[list[bytes]]:
        """A part's packets and its news', part by part; `began_us` is the first sequence number."""
        chance, mac, coding = random.Random(self.seed), Mac(self.keys.group), Coding(RAPTORQ, OVERHEAD, SYMBOL)
        pool = self.pool()
        writer = Writer(self.keys.signer(), EPOCH)
        turns: list[TurnOf] = []
        sn = began_us
        for number in range(1, self.parts + 1):
            data = pool[number % POOL]
            media = coding.object(TSI, 2 * number, "media", data)
            turns = [*turns[-TOLD + 1 :], self._turn(number, media)]
            news = coding.object(NEWS_TSI, 2 * number + 1, "news", writer.news(EPOCH, turns))
            sent: list[bytes] = []
            for thing in (media, news):
                for packet, _ in packets(thing):
                    sn += 1
                    if number > self.clean and chance.random() < self.lost:
                        self.left_out += 1
                    else:
                        sent.append(write(packet._replace(sn=sn), mac))
            yield sent

    def _turn(self, number: int, media: Object) -> TurnOf:
        size, path = len(media.data), f"{SEGMENT[:-4]}.{number}.m4s"
        digest = hashlib.sha256(media.data).digest()[:DIGEST_BYTES]
        ref = MediaRef(TSI, media.toi, BLOB, number * size, size, media.packets, digest, path, 0)
        return TurnOf(number, (ref, Ranged(path, BLOB, (number - 1) * size, size, "video/mp4")))
