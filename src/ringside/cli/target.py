"""`ringside target`: how long after its capture all players show a picture; read, or ordered anew.

What enters: seconds, and where the event is: on this machine, by the control socket of its supervisor, or anywhere, by
HTTP. What leaves: a sentence, or an error as one.
"""

from pathlib import Path
from typing import Annotated

import typer

from ringside.cli import event as event_file
from ringside.cli import operator
from ringside.cli.console import sentences
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.flow.origin import Schedule
from ringside.flow.origin.target import milliseconds

EXAMPLE = "Example:  ringside target 3    or elsewhere:  ringside target 3 --to http://origin:8080 --token SECRET"


def target(
    seconds: Annotated[
        float | None,
        typer.Argument(metavar="SECONDS", help="0.1 to 60. Without it: what the target is.", show_default=False),
    ] = None,
    port: operator.Port = None,
    to: operator.To = None,
    token: operator.Token = None,
    event: operator.EventFile = None,
) -> None:
    """How long after its capture every player shows a picture. It moves slowly, so that nobody jumps."""
    with sentences():
        typer.echo(run(seconds, port, to, token, event))


def run(seconds: float | None, port: int | None, to: str | None, token: str | None, path: Path | None) -> str:
    """What the target is, or is now, in a sentence. Raises RingsideError."""
    operator.check_place(port, to)
    try:
        _ = seconds is None or milliseconds(seconds)
    except ValueError as error:
        raise Misconfigured(str(error)) from None
    about = event_file.load(path)
    if to is None:
        schedule = _here(port or (about.edge.port if path else operator.PORT), seconds)
    else:
        schedule = _elsewhere(to, about.event.name, token or about.origin.ingest_token, seconds)
    return sentence(schedule, Wall().now_ns(), seconds is not None)


def sentence(schedule: Schedule, now_ns: int, ordered: bool = False) -> str:
    """The schedule as a person wants it."""
    now_ms, aim = schedule.at(now_ns), f"{schedule.target_ms / 1000:g} s"
    if now_ms == schedule.target_ms:
        return f"the target is {aim}" + (" already" if ordered else "")
    wait_s = max(0.0, schedule.at_ms / 1000 - now_ns / 1e9)
    there_s = wait_s + abs(schedule.target_ms - now_ms) / 1000 / schedule.slope
    return f"the target moves from {now_ms / 1000:.2f} s to {aim}; all players are there in {there_s:.0f} s"


def _here(port: int, seconds: float | None) -> Schedule:
    running = operator.here(port)
    try:
        return Schedule.of(running.target(seconds))
    finally:
        running.close()


def _elsewhere(to: str, name: str, token: str, seconds: float | None) -> Schedule:
    origin = operator.Elsewhere(to)
    if seconds is None:
        values = origin.read(f"/live/{name}/target.json")
    else:
        values = origin.order(f"/ingest/{name}/target", {"target_s": seconds}, token)
    try:
        return Schedule.of(values)
    except (ValueError, KeyError, TypeError):
        raise origin.astray() from None
