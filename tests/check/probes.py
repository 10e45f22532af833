"""Probes and the fetches in them, made by hand for the tests of the rules over HTTP."""

from collections.abc import Iterable
from dataclasses import replace

from tests.check.streams import BASE, START_S, S, event

from ringside.flow.mux.hls import MediaPlaylist
from ringside.prove.check.seen import DashStream, Fetch, HlsStream, Probe

NAME = "v720/index.m3u8"
Headers = Iterable[tuple[str, str]]


def answer(
    status: int = 200, body: bytes = b"", headers: Headers = (), path: str = NAME, took_s: float = 0.01,
    spread_s: float = 0.0, problem: str = "", at_s: float = START_S,
) -> Fetch:  # fmt: skip
    """A reply whose last byte came `took_s` after it was asked for, its first `spread_s` before that."""
    asked, done = round(at_s * S), round((at_s + took_s) * S)
    first = done - round(spread_s * S)
    pieces = ((first, len(body) // 2), (done, len(body) - len(body) // 2)) if body else ()
    return Fetch(BASE + path, asked, first, done, status, tuple(headers), body, pieces, problem)


def probe(
    kind: str,
    fetch: Fetch | None = None,
    known: MediaPlaylist | None = None,
    beside: Fetch | None = None,
    **reply: object,
) -> Probe:
    """A probe of our own event's video; `reply` is what `answer` takes."""
    made = fetch if fetch is not None else answer(**reply)  # type: ignore[arg-type]
    return Probe(kind, NAME, made, known or newest(), beside)


def newest() -> MediaPlaylist:
    """The newest version of our own event's video."""
    return event().versions[NAME][-1].full


def asked(*probes: Probe, fetches: Iterable[Fetch] = ()) -> HlsStream:
    """Our own event, with these probes and fetches and no others."""
    return replace(event(), probes=probes, fetches=tuple(fetches))


def dash(*probes: Probe, mpd: str = "", fetches: Iterable[Fetch] = ()) -> DashStream:
    """A DASH stream of one manifest, with these probes."""
    manifest = answer(200, mpd.encode(), path="index.mpd")
    return DashStream(BASE + "index.mpd", (manifest,), (), tuple(fetches), probes)
