"""`ringside check`: watch a stream, say what of the specifications it breaks."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from ringside.cli.console import console
from ringside.core.errors import Misconfigured
from ringside.prove.check.report import progress_line, report, rules
from ringside.prove.check.run import Outcome, Progress, check, load


def run(
    url: str | None, seconds: float, json_path: Path | None, headers: list[str], insecure: bool, list_rules: bool
) -> None:
    """Check `url`, print what was found, write it where asked for; exits 1 where a MUST is broken."""
    out = Console(highlight=False)
    if list_rules:
        load()
        out.print(rules())
        return
    if url is None:
        raise Misconfigured("give the URL of a playlist or manifest to check")
    if json_path is not None and str(json_path) != "-":
        _require_folder(json_path)
    outcome = _watch(url, seconds, headers, insecure)
    if str(json_path) != "-":
        out.print(report(outcome))
    if json_path is not None:
        _write(json_path, outcome)
    sys.exit(outcome.exit_status)


def _watch(url: str, seconds: float, headers: list[str], insecure: bool) -> Outcome:
    if console.is_terminal:
        line: Any = Status("opening", console=console)
    else:
        line = nullcontext()
    with line as status:

        def tell(progress: Progress) -> None:
            if status is not None:
                status.update(progress_line(progress))

        return check(url, seconds, tell, headers=headers, insecure=insecure)


def _require_folder(path: Path) -> None:
    if path.is_dir() or not path.parent.is_dir():
        raise Misconfigured(f"--json {path} is not a file in a folder that exists")


def _write(path: Path, outcome: Outcome) -> None:
    text = json.dumps(outcome.to_json(), indent=2) + "\n"
    if str(path) == "-":
        sys.stdout.write(text)
        return
    try:
        path.write_text(text)
    except OSError as error:
        raise Misconfigured(f"--json {path} cannot be written: {error.strerror}") from None
