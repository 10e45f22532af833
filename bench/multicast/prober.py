"""Prober: holds the next part at several servers at once and notes when each has given it whole.

`python -m bench.multicast.prober JSON`: `{urls: {name: base URL}, track, seconds}`. One process and one clock, a
connection to each server. What leaves: `{name: {part: Unix ms}}` and this process's own CPU.
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

import aiohttp

HINT = re.compile(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"')
TRIES = 40
PAUSE_S = 0.05


async def follow(
    session: aiohttp.ClientSession, base: str, first: tuple[int, int], parts: int, until_s: float
) -> dict[str, float]:
    """Part after part from `first` on, `parts` a segment."""
    (number, part), seen = first, dict[str, float]()
    while time.monotonic() < until_s:
        name = f"{number}.{part}"
        for _ in range(TRIES):
            async with session.get(f"{base}/{name}.m4s") as response:
                await response.read()
                if response.status == 200:
                    seen[name] = time.time() * 1000
                    break
            await asyncio.sleep(PAUSE_S)  # it does not hold what is so far ahead yet
        number, part = (number, part + 1) if part + 1 < parts else (number + 1, 0)
    return seen


async def probe(told: dict[str, Any]) -> dict[str, Any]:
    """All servers, from the same part on."""
    bases = {name: f"{url}/live/main/{told['track']}" for name, url in told["urls"].items()}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async with session.get(f"{next(iter(bases.values()))}/index.m3u8") as response:
            hint = HINT.search(await response.text())
        if hint is None:
            raise SystemExit("no part is hinted")
        first = int(hint[1]) + 1, 0
        until_s = time.monotonic() + float(told["seconds"])
        found = await asyncio.gather(
            *(follow(session, base, first, int(told["parts"]), until_s) for base in bases.values())
        )
    return dict(zip(bases, found, strict=True))


def main() -> None:
    """Probe and print."""
    began_s = time.monotonic()
    seen = asyncio.run(probe(json.loads(sys.argv[1])))
    print(json.dumps({"seen": seen, "cores": time.process_time() / (time.monotonic() - began_s)}))


if __name__ == "__main__":
    main()
