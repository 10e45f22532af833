"""One check: what kind of stream is at the URL, watch it for a while, let every judge see it, count.

What enters: a URL and how long to watch. What leaves: an Outcome. A judge that fails is our bug: it is told as
such, and the answer is no.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from ringside.core.clock import Clock, Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.flow.mux.hls import Malformed
from ringside.prove.check.dash.low_latency import live
from ringside.prove.check.finding import RULES, Finding, gather
from ringside.prove.check.hls.http import low_latency
from ringside.prove.check.http_rules import MANIFEST
from ringside.prove.check.seen import DashStream, Fetch, HlsStream
from ringside.prove.check.watch.dash import DashWatch
from ringside.prove.check.watch.fetch import Client
from ringside.prove.check.watch.hls import HlsWatch
from ringside.prove.check.watch.kept import Kept

Stream = HlsStream | DashStream
HLS = (
    "hls.basics", "hls.bitrate", "hls.control", "hls.dateranges", "hls.dates", "hls.discontinuity", "hls.durations",
    "hls.hints", "hls.http", "hls.lifetimes", "hls.multivariant", "hls.mutations", "hls.parts", "hls.publication",
    "hls.reports", "hls.retention", "hls.sequence", "hls.ts", "hls.versions",
)  # fmt: skip
DASH = ("dash.http", "dash.over_time", "dash.static")
BOTH = ("cmaf.boxes", "http_rules")
S = 1_000_000_000
OPENING_S = 10.0
TICK_S = 0.05
TELL_S = 0.25
MOST_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a watch is; `playlists` are versions and manifests."""

    elapsed_s: float
    seconds: float
    playlists: int
    media: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a check. `kind`: hls, ll-hls, dash or ll-dash; `seconds`: how long it was watched."""

    url: str
    kind: str
    seconds: float
    findings: tuple[Finding, ...]
    judged: tuple[str, ...]
    """Ids of the rules that this stream was held against."""
    not_judged: tuple[tuple[str, str], ...]
    """What was not, and why."""
    failed: tuple[str, ...] = ()
    """Judges that failed: bugs of ours."""
    unwatched: str = ""
    """Why no media was seen at all; empty where some was."""
    seen: dict[str, int] = field(default_factory=dict)
    """How many playlists, media, requests and bytes; how late our own loop was; and what had to be dropped."""

    @property
    def must(self) -> int:
        """Findings that break a MUST."""
        return sum(finding.rule.level == "MUST" for finding in self.findings)

    @property
    def should(self) -> int:
        """Findings that break a SHOULD."""
        return sum(finding.rule.level == "SHOULD" for finding in self.findings)

    @property
    def exit_status(self) -> int:
        """0 where media was seen, no MUST is broken and every judge worked, else 1."""
        return 1 if self.must or self.failed or self.unwatched else 0

    def to_json(self) -> dict[str, Any]:
        """For machines: `url kind seconds findings must should judged not_judged failed fetches seen`."""
        return {
            "url": self.url,
            "kind": self.kind,
            "seconds": round(self.seconds, 3),
            "findings": [finding.to_json() for finding in self.findings],
            "must": self.must,
            "should": self.should,
            "judged": list(self.judged),
            "not_judged": [{"what": what, "why": why} for what, why in self.not_judged],
            "failed": list(self.failed),
            "unwatched": self.unwatched,
            "fetches": self.seen.get("requests", 0),
            "seen": self.seen,
        }


def check(
    url: str,
    seconds: float = 30.0,
    progress: Callable[[Progress], None] = lambda progress: None,
    *,
    headers: Iterable[str] = (),
    insecure: bool = False,
    clock: Clock | None = None,
) -> Outcome:
    """Watch `url` for `seconds` and judge it. `headers` are "Name: value"; `insecure`: TLS is not verified.

    Raises Misconfigured for arguments that cannot be right, RingsideError where there is nothing to watch.
    """
    _require_url(url)
    if not 1 <= seconds <= MOST_S:
        raise Misconfigured(f"--seconds {seconds:g} is not between 1 and {MOST_S:g}")
    kept = Kept()
    given = [_header(text) for text in headers]
    stream, watched_s = asyncio.run(_watch(url, seconds, progress, given, insecure, clock or Wall(), kept))
    return judge(url, stream, kept, watched_s)


def _require_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        fit = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fit = False
    if not fit:
        raise Misconfigured(f"URL {url!r} is not an http:// or https:// address")


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not text.isprintable() or " " in name.strip():
        raise Misconfigured(f"--header {text!r} is not of the form 'Name: value'")
    return name.strip(), value.strip()


async def _watch(
    url: str,
    seconds: float,
    progress: Callable[[Progress], None],
    headers: list[tuple[str, str]],
    insecure: bool,
    clock: Clock,
    kept: Kept,
) -> tuple[Stream, float]:
    async with Client(clock, headers, insecure, kept.fetched) as client:
        start_ns = clock.now_ns()
        ticker = asyncio.create_task(_tick(progress, clock, start_ns, seconds, kept))
        try:
            opening = await client.playlist(url, total_s=OPENING_S)
            stream = await _watch_kind(url, opening, client, clock, kept, start_ns + round(seconds * S))
        finally:
            ticker.cancel()
        return stream, (clock.now_ns() - start_ns) / S


async def _tick(progress: Callable[[Progress], None], clock: Clock, start_ns: int, seconds: float, kept: Kept) -> None:
    """Tell how far the watch is, and notice how late our own loop is."""
    told_s = -TELL_S
    while True:
        elapsed_s = (clock.now_ns() - start_ns) / S
        if elapsed_s - told_s >= TELL_S:
            told_s = elapsed_s
            progress(Progress(elapsed_s, seconds, kept.playlists, kept.media_objects, kept.bytes))
        await asyncio.sleep(TICK_S)
        late_ms = round((clock.now_ns() - start_ns) / 1e6 - (elapsed_s + TICK_S) * 1e3)
        kept.lag_ms = max(kept.lag_ms, late_ms)


async def _watch_kind(url: str, opening: Fetch, client: Client, clock: Clock, kept: Kept, until_ns: int) -> Stream:
    if opening.problem or opening.status != 200:
        said = opening.problem or f"it answers {opening.status}"
        raise RingsideError(f"{url} cannot be watched: {said}")
    text = opening.body[:4096].decode("utf-8-sig", "replace").lstrip()
    if text.startswith("#EXTM3U"):
        try:
            return await HlsWatch(client, clock, kept, until_ns).run(opening)
        except Malformed as error:
            kept.not_asked(str(error), "media of a playlist that cannot be followed")
            return HlsStream(opening.url, None, {}, (), tuple(kept.fetches), tuple(kept.probes))
    if text.startswith("<?xml") or "<MPD" in text:
        return await DashWatch(client, clock, kept, until_ns).run(opening)
    beginning = " ".join("".join(c if c.isprintable() else " " for c in text[:60]).split())
    said = f"it begins with {beginning!r}" if text else "it is empty"
    raise RingsideError(f"{url} is neither an HLS playlist nor a DASH manifest: {said}")


# Judging


def judge(url: str, stream: Stream, kept: Kept, watched_s: float) -> Outcome:
    """Let every judge of the stream's kind see it."""
    modules = load(_judging(stream))
    findings: list[Finding] = []
    failed: list[str] = []
    for module in modules:
        for rule in module.JUDGES:
            try:
                findings += list(rule(stream))
            except Exception as error:  # noqa: BLE001 - a judge's bug must not hide the others' findings
                failed.append(f"{module.__name__.rpartition('.')[2]}.{rule.__name__}: {type(error).__name__}: {error}")
    if not _anything(stream) and not any(finding.rule.level == "MUST" for finding in findings):
        findings.append(MANIFEST.broken(url, "no playlist or manifest that can be read", "one at least"))
    kind = kind_of(stream)
    absent = dict(_unasked(modules, stream, kept))
    rules = [rule for rule in RULES if _applies(rule, kind)]
    not_judged = [(rule, absent[rule]) for rule in rules if rule in absent]
    not_judged += [(what, why) for what, why in kept.unasked.items() if " " in what]
    not_judged += [(f"judge failed: {entry}", "a bug of ringside check") for entry in failed]
    judged = tuple(rule for rule in rules if rule not in absent)
    found, unwatched = tuple(gather(findings)), "" if stream.media else _why_nothing(kept)
    return Outcome(url, kind, watched_s, found, judged, tuple(not_judged), tuple(failed), unwatched, _counts(kept))


def _why_nothing(kept: Kept) -> str:
    """Why there is no media to look at."""
    reasons = [why for what, why in kept.unasked.items() if what.startswith("media of")]
    return reasons[0] if reasons else "nothing was listed that could be fetched by now"


def load(names: Iterable[str] = (*BOTH, *HLS, *DASH)) -> list[ModuleType]:
    """The modules that judge; their rules are in RULES from then on."""
    return [import_module(f"ringside.prove.check.{name}") for name in names]


def _judging(stream: Stream) -> tuple[str, ...]:
    return BOTH + (HLS if isinstance(stream, HlsStream) else DASH)


def _anything(stream: Stream) -> bool:
    return bool(stream.versions) if isinstance(stream, HlsStream) else bool(stream.manifests)


def kind_of(stream: Stream) -> str:
    """hls, ll-hls, dash or ll-dash."""
    if isinstance(stream, HlsStream):
        return "ll-hls" if low_latency(stream) else "hls"
    return "ll-dash" if live(stream) is not None else "dash"


def _applies(rule: str, kind: str) -> bool:
    """Whether a rule of this id is about streams of this kind."""
    family = rule.partition(".")[0]
    return family in {"http", "cmaf"} or family == kind or kind == f"ll-{family}"


def _unasked(modules: list[ModuleType], stream: Stream, kept: Kept) -> Iterator[tuple[str, str]]:
    """Rules whose probe was never made, and why."""
    asked = {probe.kind for probe in stream.probes}
    for module in modules:
        for rule, kind in getattr(module, "ASKED_BY", {}).items():
            if kind not in asked:
                yield rule, kept.unasked.get(kind, "nothing that it could be asked about was seen")


def _counts(kept: Kept) -> dict[str, int]:
    counts = {"playlists": kept.playlists, "media": kept.media_objects, "requests": kept.requests, "bytes": kept.bytes}
    counts["lag_ms"] = kept.lag_ms
    return counts | {f"dropped {what}": count for what, count in kept.dropped.items() if count}
