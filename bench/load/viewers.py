"""The viewer most people write first: asyncio and aiohttp in thirty lines (`python -m bench.load.viewers URL N S`)."""

import asyncio
import json
import re
import sys
import time

import aiohttp

HINT = re.compile(r'PRELOAD-HINT:TYPE=PART,URI="((\d+)\.(\d+)\.m4s)"')
URI = re.compile(r'^#EXT-X-MEDIA:.*URI="(.*?)"|^([^#\n].*)$', re.M)


async def watch(session: aiohttp.ClientSession, url: str, until_s: float, parts: list[int]) -> None:
    """One track of one viewer: the part that is hinted, then the playlist that names the next, and so on."""
    async with session.get(url) as response:
        text = await response.text()
    while time.monotonic() < until_s and (hint := HINT.search(text)):
        async with session.get(f"{url.rsplit('/', 1)[0]}/{hint[1]}") as response:
            parts.append(len(await response.read()))
        async with session.get(f"{url}?_HLS_msn={hint[2]}&_HLS_part={hint[3]}") as response:
            text = await response.text()


async def lag(until_s: float, lags_ms: list[float]) -> None:
    """How late the loop is."""
    while (began_s := time.monotonic()) < until_s:
        await asyncio.sleep(0.01)
        lags_ms.append((time.monotonic() - began_s - 0.01) * 1000)


async def main(url: str, viewers: int, seconds: float) -> None:
    """Print CPU (cores), loop lag (p99) and parts for each track and second."""
    parts, lags_ms = list[int](), list[float]()
    began_s, used_s = time.monotonic(), time.process_time()
    until_s = began_s + seconds
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async with session.get(url) as response:
            tracks = {a or b for a, b in URI.findall(await response.text())}
        urls = [f"{url.rsplit('/', 1)[0]}/{track}" for track in tracks] * viewers
        await asyncio.gather(lag(until_s, lags_ms), *(watch(session, url, until_s, parts) for url in urls))
    took_s = time.monotonic() - began_s
    figures = {
        "cpu": (time.process_time() - used_s) / took_s,
        "lag_p99_ms": sorted(lags_ms)[int(len(lags_ms) * 0.99)],
        "parts_per_s": len(parts) / took_s / len(urls),
    }
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
