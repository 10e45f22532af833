"""The outcome of a check for people: a table of what is broken, rule by rule, and one line that sums it up.

What enters: an Outcome. What leaves: things that rich can print. What was seen of strangers' servers is shown as
plain text, never as markup.
"""

from collections.abc import Iterable
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ringside.prove.check.finding import RULES, Finding
from ringside.prove.check.run import Outcome, Progress

LATE_MS = 100
PLACES = 4  # of one rule; the rest is counted
COLOURS = {"MUST": "bold red", "SHOULD": "yellow"}
KINDS = {"hls": "HLS", "ll-hls": "low-latency HLS", "dash": "DASH", "ll-dash": "low-latency DASH"}


def report(outcome: Outcome) -> RenderableType:
    """The findings by rule, what could not be judged, and the sum."""
    parts: list[RenderableType] = []
    if outcome.findings:
        parts += [_findings(outcome.findings), Text()]
    if outcome.not_judged:
        parts += [_not_judged(outcome.not_judged), Text()]
    lag_ms = outcome.seen.get("lag_ms", 0)
    if lag_ms > LATE_MS:
        text = f"ringside check was itself late by up to {lag_ms} ms: what it says of times may be its own fault"
        parts.append(Text(text, style="yellow"))
    return Group(*parts, summary(outcome))


def summary(outcome: Outcome) -> Text:
    """One line: green where nothing is broken."""
    style = "bold red" if outcome.exit_status else "yellow" if outcome.should else "green"
    seen = outcome.seen
    text = (
        f"{KINDS[outcome.kind]}: {outcome.must} MUST, {outcome.should} SHOULD: {len(outcome.judged)} rules judged over "
        f"{outcome.seconds:.0f} s, {seen.get('playlists', 0)} playlists, {seen.get('media', 0)} media objects"
    )
    if outcome.failed:
        text += f"; {len(outcome.failed)} judges failed, which is a bug of ringside check"
    if outcome.unwatched:
        text += f"; no media was seen: {printable(outcome.unwatched)}"
    return Text(text, style=style)


def _findings(findings: Iterable[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for title, ratio in (("rule", 3), ("where", 3), ("seen", 4), ("expected", 3)):
        table.add_column(title, ratio=ratio, overflow="fold")
    ordered = sorted(findings, key=lambda finding: (finding.rule.level != "MUST", finding.rule.id))
    for rule, group in groupby(ordered, key=lambda finding: finding.rule):
        found = list(group)
        name = Text.assemble((rule.level, COLOURS[rule.level]), " ", rule.id, "\n", (rule.clause, "dim"))
        for index, finding in enumerate(found[:PLACES]):
            times = f"  ×{finding.count}" if finding.count > 1 else ""
            seen, expected = Text(printable(finding.seen) + times), Text(printable(finding.expected))
            table.add_row(name if index == 0 else Text(), Text(printable(finding.where)), seen, expected)
        if len(found) > PLACES:
            table.add_row(Text(), Text(f"and {len(found) - PLACES} more places", style="dim"), Text(), Text())
    return table


def _not_judged(entries: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True)
    table.add_column("not judged", style="dim", overflow="fold")
    table.add_column("why", style="dim", overflow="fold")
    by_reason: dict[str, list[str]] = {}
    for what, why in entries:
        by_reason.setdefault(why, []).append(what)
    for why, all_of_it in by_reason.items():
        table.add_row(Text(printable(", ".join(all_of_it))), Text(printable(why)))
    return table


def rules() -> Text:
    """Every rule there is, two lines each."""
    text = Text()
    for rule in sorted(RULES.values(), key=lambda rule: rule.id):
        text.append(f"{rule.id}  ").append(rule.level, style=COLOURS[rule.level])
        text.append(f"  {rule.clause}\n", style="dim").append(f"    {rule.says}\n")
    return text.append(f"{len(RULES)} rules")


def progress_line(progress: Progress) -> str:
    """How far a watch is, in one line."""
    return (
        f"watching {min(progress.elapsed_s, progress.seconds):.0f} of {progress.seconds:.0f} s: "
        f"{progress.playlists} playlists, {progress.media} media objects, {progress.bytes / 1e6:.1f} MB"
    )


def printable(text: str) -> str:
    """What a server sent, without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else "·" for c in text[:400])
