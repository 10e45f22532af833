"""LL-HLS: rendition reports, and whether they are right (draft-pantos-hls-rfc8216bis-22 §4.4.5.4, App. B.1).

A report is as fresh as the playlist that holds it. It is judged against the other rendition's versions only beyond
the time that lies between them: what the other had one part target earlier must be in it, and what it says must be in
the other one part target later, with `SLACK_NS` for network and scheduling.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from ringside.flow.mux.hls.rendition_report import RenditionReport
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import NS_PER_S, WHOLE, absolute, bare, edge, everything, low_latency
from ringside.prove.check.seen import HlsStream, Version

EACH = Rule(
    "ll-hls.report-for-each", "MUST", "rfc8216bis App. B.1",
    "A low-latency playlist has one RENDITION-REPORT for every other rendition.",
)  # fmt: skip
RELATIVE = Rule(
    "ll-hls.report-relative", "MUST", "rfc8216bis §4.4.5.4", "A report's URI is relative to its playlist's."
)
RIGHT = Rule(
    "ll-hls.report-right", "MUST", "rfc8216bis §4.4.5.4",
    "LAST-MSN and LAST-PART are those of the other rendition's newest part, as of the playlist they stand in.",
)  # fmt: skip

SLACK_NS = NS_PER_S // 4


def for_each(stream: HlsStream) -> Iterator[Finding]:
    """Renditions that had media by then are reported once each; after ENDLIST nobody needs it."""
    others = {bare(versions[0].fetch.url): versions for versions in everything(stream)}
    for url, versions in others.items():
        if not low_latency(versions):
            continue
        for version in versions:
            if version.playlist.ended:
                continue
            uris = [bare(absolute(version, report.uri)) for report in version.playlist.reports]
            for other, theirs in others.items():
                if other == url or not _had_media(theirs, version.fetch.asked_ns):
                    continue
                if uris.count(other) != 1:
                    where = f"{version.name} on {theirs[0].name}"
                    yield EACH.broken(where, f"{uris.count(other)} RENDITION-REPORT", "one")


def _had_media(versions: Sequence[Version], at_ns: int) -> bool:
    return any(version.fetch.done_ns <= at_ns and version.full.segments for version in versions)


def relative(stream: HlsStream) -> Iterator[Finding]:
    """No scheme, no host."""
    for versions in everything(stream):
        for version in versions:
            for report in version.playlist.reports:
                if not _is_relative(report.uri):
                    yield RELATIVE.broken(version.name, report.uri[:120], "a relative URI")


def _is_relative(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc


@dataclass(frozen=True, slots=True)
class _Seen:
    """A rendition's versions and, when each of them was there, in order."""

    versions: Sequence[Version]
    done_ns: list[int]

    @classmethod
    def of(cls, versions: Sequence[Version]) -> Self:
        ordered = sorted(versions, key=lambda one: one.fetch.done_ns)
        return cls(ordered, [one.fetch.done_ns for one in ordered])

    def before(self, at_ns: int) -> Version | None:
        """The newest that was there by then."""
        at = bisect_right(self.done_ns, at_ns)
        return self.versions[at - 1] if at else None

    def after(self, at_ns: int) -> Version | None:
        """The first that was asked for only then."""
        at = bisect_left(self.done_ns, at_ns)
        return next((one for one in self.versions[at:] if one.fetch.asked_ns >= at_ns), None)


def right(stream: HlsStream) -> Iterator[Finding]:
    """Each report against the versions of the rendition it is about."""
    by_url = {bare(versions[0].fetch.url): _Seen.of(versions) for versions in everything(stream)}
    for versions in everything(stream):
        for version in versions:
            for report in version.playlist.reports:
                theirs = by_url.get(bare(absolute(version, report.uri)))
                if theirs:
                    yield from _right(version, report, theirs)


def _right(version: Version, report: RenditionReport, theirs: _Seen) -> Iterator[Finding]:
    said = _said(version, report)
    part_target = version.playlist.part_target or version.playlist.target_duration or 0
    leeway = round(part_target * NS_PER_S) + SLACK_NS
    where = f"{version.name} on {report.uri}"
    before = theirs.before(version.fetch.first_ns - leeway)
    if before and edge(before.full) > said:
        yield RIGHT.broken(where, f"{_words(said)} reported", f"at least {_words(edge(before.full))}")
    after = theirs.after(version.fetch.done_ns + leeway)
    if after and edge(after.full) < said:
        yield RIGHT.broken(where, f"{_words(said)} reported", f"at most {_words(edge(after.full))}")


def _said(version: Version, report: RenditionReport) -> tuple[int, int]:
    """An attribute left out says the same as this playlist itself (§4.4.5.4); without parts the segment is whole."""
    number, part = edge(version.full)
    said = number if report.last_msn is None else report.last_msn
    return said, part if report.last_part is None else report.last_part


def _words(position: tuple[int, int]) -> str:
    return f"{position[0]}" if position[1] == WHOLE else f"{position[0]}.{position[1]}"


JUDGES = (for_each, relative, right)
