"""Questions that any HTTP server of media is asked, about one media object of which the whole is already there.

What enters: a client and the Fetch of the object. What leaves: Probes of the kinds `range`, `head`, `cmcd`,
`cmcd-bad`, `cors`, `unknown`. They disturb nobody: each is one small request.
"""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

from ringside.prove.check.seen import Fetch, Probe
from ringside.prove.check.watch.fetch import Client
from ringside.prove.check.watch.reload import with_query

ORIGIN = "https://player.example"
CMCD = "CMCD=bl%3D2100%2Cbr%3D600%2Cot%3Dv%2Csf%3Dl%2Csid%3D%22ringside-check%22%2Cst%3Dl"
CMCD_BAD = "CMCD=br%3D%2C%2C%3D%22%FF%2Cbl%3Dnever%2C%00"
NOTHING = "ringside-check-there-is-nothing-here"
ABOUT_MEDIA = ("head", "range", "cmcd", "unknown")
PIECE = (3, 102)  # first and last byte asked for


async def ask_about(client: Client, name: str, whole: Fetch) -> AsyncIterator[Probe]:
    """Put the questions about `whole`, an object fetched with 200."""
    yield Probe("cors", name, await client.get(whole.url, [("Origin", ORIGIN)], method="HEAD"), beside=whole)
    yield Probe("head", name, await client.get(whole.url, method="HEAD"), beside=whole)
    if len(whole.body) > PIECE[1]:
        asked = [("Range", f"bytes={PIECE[0]}-{PIECE[1]}")]
        yield Probe("range", name, await client.get(whole.url, asked), beside=whole)
    yield Probe("cmcd", name, await client.get(with_query(whole.url, CMCD)), beside=whole)
    yield Probe("cmcd-bad", name, await client.get(with_query(whole.url, CMCD_BAD)), beside=whole)
    yield Probe("unknown", name, await client.get(beside_it(whole.url), total_s=8.0))


def beside_it(url: str) -> str:
    """The URL of something that is not there, in the same folder and of the same kind as `url`."""
    parts = urlsplit(url)
    folder, _, file = parts.path.rpartition("/")
    dot = file.rfind(".")
    return urlunsplit(parts._replace(path=f"{folder}/{NOTHING}{file[dot:] if dot >= 0 else ''}"))
