"""Nights of chance: whatever the origin, the viewers and the clock do, nobody is forgotten, nothing asked twice."""

import asyncio
import random
from collections import Counter

import pytest
from edge_house import Viewer, run, until
from pull_house import Asked, PullHouse, pull_house

NAMES = ["/a.m3u8", "/b.m4s", "/c.m4s?v=1", "/d.mpd", "/e.m3u8?_HLS_msn=3", "/f"]
ACTS = ("whole", "whole", "chunked", "later", "missing", "failing", "broken", "empty", "rude", "moved")


class Chance:
    """An origin that does something else each time; `most`: how often one name was being answered at once."""

    def __init__(self, luck: random.Random) -> None:
        self.luck = luck
        self.now: Counter[str] = Counter()
        self.most = 0

    async def answer(self, asked: Asked) -> None:
        self.now[asked.target] += 1
        self.most = max(self.most, self.now[asked.target])
        try:
            await self._act(asked, self.luck.choice(ACTS), bytes([65 + self.luck.randrange(26)]) * 3000)
        finally:
            self.now[asked.target] -= 1

    async def _act(self, asked: Asked, act: str, body: bytes) -> None:
        if act == "later":
            await asyncio.sleep(self.luck.random() / 20)
        if act in {"whole", "later"}:
            asked.answer(body, Cache_Control=self.luck.choice(["max-age=1", "no-store", "max-age=9"]))
        elif act in {"chunked", "broken"}:
            asked.head(Transfer_Encoding="chunked")
            asked.chunk(body[:1000])
            await asyncio.sleep(self.luck.random() / 50)
            if act == "broken":
                asked.hang_up()
                return
            asked.chunk(body[1000:])
            asked.write("0\r\n\r\n")
        elif act == "rude":
            asked.write("what?\r\n\r\n")
            asked.hang_up()
        else:
            status = {"missing": 404, "failing": 500, "moved": 302, "empty": 204}[act]
            asked.answer(b"", status) if status != 204 else asked.write("HTTP/1.1 204 No Content\r\n\r\n")


async def watch(home: PullHouse, luck: random.Random, seen: Counter[str]) -> None:
    """A viewer asks for a while: every answer is whole, of one piece, or visibly cut off."""
    viewer: Viewer | None = None
    for _ in range(40):
        viewer = viewer or await home.viewer(luck.randrange(len(home.edges)))
        home.pass_s(luck.random() * 0.12)
        viewer.ask(luck.choice(NAMES), luck.choice(["GET", "GET", "GET", "HEAD"]))
        if luck.random() < 0.05:
            viewer.close()
            viewer = None
            continue
        try:
            raw = await viewer.head()
        except asyncio.IncompleteReadError:
            seen["cut"], viewer = seen["cut"] + 1, None
            continue
        seen[str(raw[0])] += 1
        viewer.close()  # what follows is not read: the edge has to live with that, too
        viewer = None
    if viewer is not None:
        viewer.close()


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_forgotten_and_nothing_is_asked_twice_at_once(seed: int) -> None:
    async def scene() -> None:
        luck = random.Random(seed)
        async with pull_house(workers=2, patience_s=0.02, memory_bytes=2**24) as home:
            chance, seen = Chance(luck), Counter[str]()
            home.origin.manners = dict.fromkeys(NAMES, chance.answer)
            await asyncio.gather(*(watch(home, luck, seen) for _ in range(40)))
            assert chance.most == 1
            assert seen.total() >= 1400
            assert len(home.origin.asked) >= 50
            assert "200" in seen
            assert not seen.keys() - {"200", "204", "302", "404", "502", "cut"}
            await until(lambda: not home.pull.describe()["under_way"])
            await until(lambda: not any(edge.waiting.count for edge in home.edges))
            described = home.pull.describe()
            assert described["bytes"] == sum(kept.cost_bytes for n in NAMES if (kept := home.pull.cellar.find(n)))

    run(scene)
