"""Questions that a server of DASH is asked: what time it is, what is not there yet, and those of ask_common.

What enters: the Presentation that is being watched. What leaves: Probes of the kinds `utc`, `far-future`, `cors` and
those about one media object; and by how much the server's clock is ahead. It judges nothing.
"""

import asyncio

from ringside.core.clock import Clock
from ringside.core.errors import RingsideError
from ringside.flow.mux.hls.program_date_time import ProgramDateTime
from ringside.prove.check.seen import Fetch, Probe
from ringside.prove.check.watch.ask_common import ABOUT_MEDIA, ORIGIN, ask_about
from ringside.prove.check.watch.fetch import Client, bodiless
from ringside.prove.check.watch.kept import Kept
from ringside.prove.crowd.player.presentation import Presentation
from ringside.prove.crowd.player.segments import Numbered, fill

HTTP_CLOCKS = ("utc:http-iso:", "utc:http-xsdate:", "utc:http-head:")
MAX_CLOCK_BYTES = 1000
FAR = 1000  # segments ahead: long before its time
CLOCKS = 4


def time_ns(fetch: Fetch) -> int | None:
    """Unix time in the body of a clock's answer (xs:dateTime); None where there is none."""
    try:
        return ProgramDateTime.parse(fetch.body.decode("utf-8", "replace").strip()).ns
    except (RingsideError, ValueError, OverflowError):
        return None


async def clock_offset_ns(client: Client, clock: Clock, kept: Kept, presentation: Presentation) -> int:
    """Ask every HTTP clock of the MPD; how far the first that answers is ahead of ours, 0 where none does."""
    offsets: list[int] = []
    for scheme, url in [it for it in presentation.clocks if any(name in it[0] for name in HTTP_CLOCKS)][:CLOCKS]:
        method = "HEAD" if "http-head" in scheme else "GET"
        fetch = await client.get(url, method=method, total_s=5.0, limit=MAX_CLOCK_BYTES)
        kept.probe(Probe("utc", scheme, fetch))
        told_ns = time_ns(fetch) if method == "GET" and fetch.status == 200 else None
        if told_ns is not None:
            offsets.append(told_ns - (fetch.asked_ns + fetch.done_ns) // 2)
    if not offsets:
        kept.not_asked("the MPD names no clock that is asked over HTTP", "utc")
    return offsets[0] if offsets else 0


async def ask(client: Client, kept: Kept, presentation: Presentation, manifest: Fetch) -> None:
    """Put the questions, once."""
    kept.probe(Probe("mpd", "", bodiless(manifest)))
    kept.probe(Probe("cors", "", bodiless(await client.playlist(manifest.url, [("Origin", ORIGIN)]))))
    for _ in range(200):
        whole = [media for media in kept.media if media.fetch.status == 200 and not media.fetch.problem]
        if whole:
            break
        await asyncio.sleep(0.05)
    else:
        kept.not_asked("no whole segment could be fetched", *ABOUT_MEDIA)
        return
    async for probe in ask_about(client, whole[0].name, whole[0].fetch):
        kept.probe(probe)
    await _far_future(client, kept, presentation, whole[0].name, whole[0].number)


async def _far_future(client: Client, kept: Kept, presentation: Presentation, name: str, number: int) -> None:
    every = [one for period in presentation.periods for group in period.sets for one in group.representations]
    addressing = next((one.segments for one in every if one.id == name), None)
    if isinstance(addressing, Numbered) and presentation.dynamic and addressing.last is None:
        url = fill(addressing.media, Number=number + FAR, Time=0)
        kept.probe(Probe("far-future", name, await client.get(url, total_s=8.0)))
