"""Streams for the tests of the rules: HlsStream made of playlist texts with times, and a whole event as it is rendered.

`text(...)` writes a playlist that keeps every rule and lets a test break one line of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType

from tests.mux_hls import event_views

from ringside.flow.mux.hls import MediaPlaylist, MediaRenderer, Multivariant
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import Fetch, HlsStream, Media, Version

S = 1_000_000_000
BASE = "http://media.example/live/"
GOLDEN = Path(__file__).parent.parent / "golden"
START_S = 1_790_000_000
"""When the made events begin: 2026-09-21T14:13:20Z, the date of segment 895000000."""


def golden(name: str) -> str:
    """A playlist of tests/golden."""
    return (GOLDEN / name).read_text()


def fetch(
    url: str,
    at_s: float,
    body: str | bytes = b"",
    status: int = 200,
    held_s: float = 0.0,
    headers: Iterable[tuple[str, str]] = (),
) -> Fetch:
    """A request whose reply came at `at_s`, `held_s` after it was asked for (and a millisecond)."""
    data = body.encode() if isinstance(body, str) else body
    done = round(at_s * S)
    return Fetch(url, done - round(held_s * S) - 1_000_000, done, done, status, tuple(headers), data)  # fmt: skip


def version(
    text: str, at_s: float = 0.0, name: str = "v720/index.m3u8", held_s: float = 0.0, full: str | None = None
) -> Version:
    """A playlist as it came at `at_s`; held for `held_s` where that is not 0."""
    query = "?_HLS_msn=1&_HLS_part=0" if held_s else ""
    playlist = MediaPlaylist.parse(text)
    whole = MediaPlaylist.parse(full) if full else playlist
    return Version(name, fetch(BASE + name + query, at_s, text, held_s=held_s), playlist, whole)


def stream(
    renditions: Mapping[str, Sequence[Version]] | Sequence[Version] | str,
    multivariant: str | None = None,
    media: Iterable[Media] = (),
    fetches: Iterable[Fetch] = (),
) -> HlsStream:
    """A stream of these renditions (or of one, or of one text); the playlists' fetches are in `fetches` too."""
    if isinstance(renditions, str):
        renditions = [version(renditions)]
    if not isinstance(renditions, Mapping):
        renditions = {renditions[0].name: renditions} if renditions else {}
    versions = {name: tuple(seen) for name, seen in renditions.items()}
    asked = [one.fetch for seen in versions.values() for one in seen]
    return HlsStream(
        BASE + "index.m3u8",
        Multivariant.parse(multivariant) if multivariant else None,
        versions,
        tuple(media),
        tuple(sorted([*asked, *fetches], key=lambda one: one.done_ns)),
    )


def text(*lines: str, target: int = 2, version: int = 6, sequence: int | None = 0) -> str:
    """A media playlist with a sound header and these lines behind it."""
    head = ["#EXTM3U", f"#EXT-X-VERSION:{version}", f"#EXT-X-TARGETDURATION:{target}"]
    if sequence is not None:
        head.append(f"#EXT-X-MEDIA-SEQUENCE:{sequence}")
    return "\n".join([*head, *lines, ""])


def plain(first: int = 0, count: int = 5, *extra: str, duration: str = "2.000", **head: int) -> str:
    """A plain playlist of `count` segments from number `first`, `extra` lines before them."""
    inside = [line for n in range(first, first + count) for line in (f"#EXTINF:{duration},", f"{n}.m4s")]
    return text(*extra, '#EXT-X-MAP:URI="init.mp4"', *inside, sequence=first, **head)


def codes(findings: Iterable[Finding]) -> list[str]:
    """The ids of the rules that were broken, each once, in order of appearance."""
    return list(dict.fromkeys(finding.rule.id for finding in findings))


@cache
def event(seconds: int = 12, begun: int = 10, window: int = 8) -> HlsStream:
    """`seconds` of our own two-rendition event, `begun` segments old, as blocking reloads see it."""
    tracks = {"v720": event_views.video(), "a": event_views.audio()}
    renderers = {name: MediaRenderer(name) for name in tracks}
    seen: dict[str, list[Version]] = {f"{name}/index.m3u8": [] for name in tracks}
    for step in range(seconds * 5):
        whole, parts = divmod(begun * 10 + step, 10)
        views = {name: event_views.view(track, whole, parts, window) for name, track in tracks.items()}
        views = {name: replace(view, next=(event_views.START + whole, parts)) for name, view in views.items()}
        at_s = START_S + whole * 2 + parts * 0.2 + 0.05
        for name, view in views.items():
            siblings = [(f"../{other}/index.m3u8", views[other]) for other in views if other != name]
            body, _ = renderers[name].render(view, siblings)
            seen[f"{name}/index.m3u8"].append(version(body.decode(), at_s, f"{name}/index.m3u8", held_s=0.19))
    return stream(seen, EVENT_MULTIVARIANT)


EVENT_MULTIVARIANT = """#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=3500000,CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO="audio"
v720/index.m3u8
"""


Judge = Callable[[HlsStream], Iterable[Finding]]


@dataclass(frozen=True)
class Case:
    """One rule, a stream that keeps it, and one that breaks it and nothing else that its judge knows."""

    rule: Rule
    why: str
    """What is wrong with the second stream, as a sentence."""
    judge: Judge
    keeps: HlsStream
    breaks: HlsStream

    def __str__(self) -> str:
        return f"{self.rule.id}: {self.why}"

    def check(self) -> None:
        """Assert both."""
        assert codes(self.judge(self.keeps)) == []
        assert codes(self.judge(self.breaks)) == [self.rule.id]


def rules_of(module: ModuleType) -> set[str]:
    """The ids of all rules that a module declares."""
    return {rule.id for rule in vars(module).values() if isinstance(rule, Rule)}


def spaced(
    texts: Sequence[str], every_s: float = 2.0, name: str = "v720/index.m3u8", held: bool = False
) -> list[Version]:
    """Versions that came one after another."""
    wait = every_s - 0.01 if held else 0.0
    return [version(text, (n + 1) * every_s, name, wait) for n, text in enumerate(texts)]


def pair(first: str, second: str, names: tuple[str, str] = ("v720/index.m3u8", "a/index.m3u8")) -> HlsStream:
    """Two renditions that came at the same time."""
    return stream({name: [version(body, 10.0, name)] for name, body in zip(names, (first, second), strict=True)})


def edited(seen: HlsStream, name: str, edit: Callable[[int, str], str | None]) -> HlsStream:
    """The same stream with each version of `name` as `edit(index, text)` has it; None leaves the version out."""
    versions = {key: list(held) for key, held in seen.versions.items()}
    texts = [(one, edit(n, one.playlist.write())) for n, one in enumerate(versions[name])]
    parsed = [(one, body, MediaPlaylist.parse(body)) for one, body in texts if body is not None]
    versions[name] = [
        replace(one, fetch=replace(one.fetch, body=body.encode()), playlist=playlist, full=playlist)
        for one, body, playlist in parsed
    ]
    return stream(versions, EVENT_MULTIVARIANT)


def late(seen: HlsStream, name: str, since: int, by_s: float) -> HlsStream:
    """The same stream with every version of `name` from number `since` on held `by_s` longer."""
    versions = {key: list(held) for key, held in seen.versions.items()}
    for n, one in enumerate(versions[name]):
        if n >= since:
            asked = one.fetch.asked_ns + (0 if n == since else round(by_s * S))
            done = one.fetch.done_ns + round(by_s * S)
            versions[name][n] = replace(one, fetch=replace(one.fetch, asked_ns=asked, first_ns=done, done_ns=done))
    return stream(versions, EVENT_MULTIVARIANT)
