"""Lifetimes in caches of low-latency HLS (rfc8216bis Appendix B.1): what may be kept, and for how long.

What enters: an HlsStream. What leaves: findings. Only streams that offer blocking reload are judged: the appendix is
about them. A lifetime may be a second off, for it is printed in whole ones.
"""

from collections.abc import Callable, Iterator

from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.http import asked_point, low_latency
from ringside.prove.check.http_rules import lifetime_s, of_kind
from ringside.prove.check.seen import Fetch, HlsStream
from ringside.prove.check.watch.reload import can_block, target_s

BLOCKING = Rule(
    "ll-hls.lifetime-blocking", "SHOULD", "rfc8216bis App. B.1",
    "The answer to a blocking playlist request may be cached for six target durations.",
)  # fmt: skip
BLOCKING_ERROR = Rule(
    "ll-hls.lifetime-blocking-error", "SHOULD", "rfc8216bis App. B.1",
    "An error in answer to a blocking playlist request may be cached for four target durations.",
)  # fmt: skip
PLAIN = Rule(
    "ll-hls.lifetime-plain", "SHOULD", "rfc8216bis App. B.1",
    "The answer to a plain playlist request may be cached for half a target duration.",
)  # fmt: skip
MEDIA = Rule(
    "ll-hls.lifetime-media", "SHOULD", "rfc8216bis App. B.1",
    "Parts and segments may be cached for at least six target durations.",
)  # fmt: skip
MEDIA_ERROR = Rule(
    "ll-hls.lifetime-media-error", "SHOULD", "rfc8216bis App. B.1",
    "An error in answer to a request for media may be cached for one target duration.",
)  # fmt: skip

ASKED_BY = {BLOCKING_ERROR.id: "msn-too-far", PLAIN.id: "plain", MEDIA_ERROR.id: "unknown"}


def _wrong(rule: Rule, where: str, fetch: Fetch, due_s: float, fits: Callable[[float], bool]) -> Iterator[Finding]:
    said = lifetime_s(fetch)
    if said is None:
        yield rule.broken(where, "no lifetime", f"max-age={due_s:g}")
    elif not fits(said):
        yield rule.broken(where, f"a lifetime of {said} s", f"max-age={due_s:g}")


def _about(due_s: float) -> Callable[[float], bool]:
    return lambda said: abs(said - due_s) <= 1


def _at_least(due_s: float) -> Callable[[float], bool]:
    return lambda said: said >= due_s


def _targets(stream: HlsStream) -> Iterator[tuple[str, float]]:
    """Renditions that can be blocked on, with their target durations; none where the stream has no parts."""
    if low_latency(stream):
        for name, held in stream.versions.items():
            if held and any(can_block(version.full) for version in held[-2:]):
                yield name, target_s(held[-1].full)


def blocking(stream: HlsStream) -> Iterator[Finding]:
    for name, target in _targets(stream):
        for version in stream.versions[name]:
            if asked_point(version.fetch) is not None and not version.full.ended:
                yield from _wrong(BLOCKING, name, version.fetch, 6 * target, _at_least(6 * target))


def blocking_errors(stream: HlsStream) -> Iterator[Finding]:
    targets = dict(_targets(stream))
    for probe in of_kind(stream, "msn-too-far", "part-too-far"):
        if probe.name in targets and probe.fetch.status >= 400:
            due_s = 4 * targets[probe.name]
            yield from _wrong(BLOCKING_ERROR, probe.name, probe.fetch, due_s, _about(due_s))


def plain(stream: HlsStream) -> Iterator[Finding]:
    targets = dict(_targets(stream))
    for probe in of_kind(stream, "plain"):
        if probe.name in targets and probe.fetch.status == 200:
            due_s = targets[probe.name] / 2
            yield from _wrong(PLAIN, probe.name, probe.fetch, due_s, _about(due_s))


def media(stream: HlsStream) -> Iterator[Finding]:
    targets = dict(_targets(stream))
    for one in stream.media:
        if one.name in targets and one.fetch.status in (200, 206):
            due_s = 6 * targets[one.name]
            yield from _wrong(MEDIA, one.name, one.fetch, due_s, _at_least(due_s))


def media_errors(stream: HlsStream) -> Iterator[Finding]:
    targets = dict(_targets(stream))
    for probe in of_kind(stream, "unknown"):
        if probe.name in targets and probe.fetch.status == 404:
            due_s = targets[probe.name]
            yield from _wrong(MEDIA_ERROR, probe.name, probe.fetch, due_s, _about(due_s))


JUDGES = (blocking, blocking_errors, plain, media, media_errors)
