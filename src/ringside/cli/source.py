"""`ringside source`: which input of an event is on the air; read, or ordered.

What enters: a name, and where the event is: on this machine, by the control socket of its supervisor, or anywhere, by
HTTP. What leaves: the inputs, one a line, or an error as a sentence.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from ringside.cli import event as event_file
from ringside.cli import operator
from ringside.cli.console import sentences

EXAMPLE = (
    "Example:  ringside source backup-1    or elsewhere:  ringside source auto --to http://origin:8080 --token SECRET"
)
AUTO = "auto"
STATES = {"on_air": "on the air", "ready": "ready", "waiting": "not there"}


def source(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="An input's name, slate, or auto: the best one. Without it: how the inputs are.",
            show_default=False,
        ),
    ] = None,
    port: operator.Port = None,
    to: operator.To = None,
    token: operator.Token = None,
    event: operator.EventFile = None,
) -> None:
    """Which input is on the air. An order stands until the next one; auto gives the choice back."""
    with sentences():
        typer.echo(run(name, port, to, token, event))


def run(name: str | None, port: int | None, to: str | None, token: str | None, path: Path | None) -> str:
    """How the inputs are, or will be at once. Raises RingsideError."""
    operator.check_place(port, to)
    about = event_file.load(path)
    if to is None:
        return sentence(_here(port or (about.edge.port if path else operator.PORT), name), name)
    return sentence(_elsewhere(to, about.event.name, token or about.origin.ingest_token, name), name)


def sentence(told: dict[str, Any], ordered: str | None) -> str:
    """What an operator is told: what was ordered or is on the air, and a line for each input."""
    rows = [row for row in told.get("inputs", []) if isinstance(row, dict)]
    wide = max((len(str(row.get("name", ""))) for row in rows), default=0)
    lines = [
        f"  {row.get('name', ''):{wide}}  {STATES.get(row.get('state', ''), row.get('state', ''))}{_faults(row)}"
        for row in rows
    ]
    forced = told.get("source")
    if ordered is not None:
        first = "the best input is on the air" if forced is None else f"{forced} goes on the air, and stays"
    else:
        why = "as ordered" if forced is not None else "the best one"
        first = f"on the air: {told['on_air']} ({why})" if told.get("on_air") else "nothing is known of the inputs yet"
    return "\n".join([first, *lines])


def _faults(row: dict[str, Any]) -> str:
    faults = row.get("faults") or []
    return f": {', '.join(map(str, faults))}" if faults else ""


def _here(port: int, name: str | None) -> dict[str, Any]:
    running = operator.here(port)
    try:
        return running.source(name)
    finally:
        running.close()


def _elsewhere(to: str, event: str, token: str, name: str | None) -> dict[str, Any]:
    origin = operator.Elsewhere(to)
    if name is None:
        status = origin.read("/status.json").get("source") or {}
        return {**status, "source": status.get("forced")}
    return origin.order(f"/ingest/{event}/source", {"source": None if name == AUTO else name}, token)
