"""Judge: plays a row and its control, and says what came of them: to the terminal, to JSON, to docs/resilience.md."""

import http.client
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from playwright.sync_api import Error as PlaywrightError
from rich.table import Table

from bench.faults.options import Options
from bench.faults.verdict import Row, judged
from ringside.flow.mux.hls.tag import Malformed

BEGIN, END = "<!-- faults: written by python -m bench faults -->", "<!-- faults end -->"
HEAD = "| fault | bound | seen | kept | without the remedy (must fail) |\n|---|---|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class Judge:
    """One row as a scenario of a bench."""

    row: Row

    def run(self, options: Options) -> dict[str, Any]:
        """Play it, then its control. Raises SystemExit where an instrument broke."""
        try:
            trial = self.row.run(options)
            control = self.row.control(options) if options.controls else None
        except (PlaywrightError, av.FFmpegError, http.client.HTTPException, Malformed) as error:
            raise SystemExit(f"an instrument broke: {str(error).splitlines()[0]}") from None
        return judged(self.row, trial, control)

    def shown(self, result: dict[str, Any]) -> list[Table | str]:
        """What is printed."""
        table = Table("", "bound", "seen", "kept", title=result["fault"], title_justify="left")
        for bound in result["bounds"]:
            table.add_row(bound["what"], bound["bound"], bound["seen"], "yes" if bound["kept"] else "NO")
        control = result.get("control")
        for bound in control["bounds"] if control else ():
            table.add_row(f"[dim]{result['without']}: {bound['what']}", bound["bound"], bound["seen"],
                          "yes" if bound["kept"] else "no, as it must be")  # fmt: skip
        said = [
            f"  {'fired' if one['so'] else 'DID NOT FIRE'}: {one['what']} ({one['proof']})" for one in result["fired"]
        ]
        if result["facts"].get("starved"):
            said.append(f"  THE MACHINE WAS THE BOTTLENECK: {result['facts']['busy_cores']} cores were busy throughout")
        if control and not control["refuted"]:
            said.append("  THE CONTROL KEPT EVERY BOUND: this row proves nothing")
        return [table, *said]


def scenario(name: str) -> Judge:
    """The row of that name."""
    return Judge(importlib.import_module(f"bench.faults.rows.{name.replace('-', '_')}").ROW)


def markdown(results: Mapping[str, Mapping[str, Any]]) -> str:
    """All rows as one table."""
    return HEAD + "".join(_line(result["result"]) for result in results.values())


def _line(result: Mapping[str, Any]) -> str:
    seen = "; ".join(f"{bound['what']}: {bound['seen']}" for bound in result["bounds"])
    proved = all(one["so"] for one in result["fired"]) and result["fired"]
    kept = "yes" if result["kept"] else "no" if proved else "the fault did not fire"
    return f"| {result['fault']} | {result['promised']} | {seen} | {kept} | {_control(result)} |\n"


def _control(result: Mapping[str, Any]) -> str:
    control = result.get("control")
    if not control:
        return ""
    broken = [f"{bound['what']}: {bound['seen']}" for bound in control["bounds"] if not bound["kept"]]
    return f"{result['without']}: {'; '.join(broken[:3]) or 'KEPT EVERYTHING'}"


def write(results: Mapping[str, Mapping[str, Any]], page: Path) -> None:
    """Put the table where the page has room for it, with what it was measured on."""
    if not results or not page.exists():
        return
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return
    facts = max((result["measured"] for result in results.values()), key=lambda facts: str(facts["at"]))
    words = f"{facts['at']}, commit {facts['commit']}, {facts['cores']} cores, {facts['cpu']}, seed {facts['seed']}."
    page.write_text(f"{before}{BEGIN}\n{markdown(results)}\n{words}\n{END}{after}")
