"""`ringside source`: which input of an event is on the air; read, or ordered.

What enters: a name, and where the event is: on this machine, by the control socket of its supervisor, or anywhere, by
HTTP. What leaves: the inputs, one a line, or an error as a sentence.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from ringside.cli import event as event_file
from ringside.cli.console import sentences
from ringside.cli.takeover import Running
from ringside.core.errors import Misconfigured, RingsideError

EXAMPLE = (
    "Example:  ringside source backup-1    or elsewhere:  ringside source auto --to http://origin:8080 --token SECRET"
)
PORT = 8080
ANSWER_S = 5.0
MOST_BYTES = 1 << 20
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
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Of the event on this machine. (default 8080)")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="The origin elsewhere, e.g. http://origin:8080.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option("--token", metavar="T", envvar="RINGSIDE_INGEST_TOKEN", help="The origin's ingest token."),
    ] = None,
    event: Annotated[
        Path | None, typer.Option("--event", metavar="FILE", help="Event file: its name, port and token.")
    ] = None,
) -> None:
    """Which input is on the air. An order stands until the next one; auto gives the choice back."""
    with sentences():
        typer.echo(run(name, port, to, token, event))


def run(name: str | None, port: int | None, to: str | None, token: str | None, path: Path | None) -> str:
    """How the inputs are, or will be at once. Raises RingsideError."""
    if to is not None and port is not None:
        raise Misconfigured("--port is for an event on this machine, --to for one elsewhere; give one of them")
    about = event_file.load(path)
    if to is None:
        return sentence(_here(port or (about.edge.port if path else PORT), name), name)
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
    running = Running.at(port)
    if running is None:
        raise RingsideError(
            f"you carry no event on port {port} of this machine; choose another --port, or --to URL for one elsewhere"
        )
    try:
        return running.source(name)
    finally:
        running.close()


def _elsewhere(to: str, event: str, token: str, name: str | None) -> dict[str, Any]:
    base = to.rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(f"--to: {to} is no address; write it as http://origin:8080")
    if name is None:
        status = _fetch(base, urllib.request.Request(f"{base}/status.json")).get("source") or {}
        return {**status, "source": status.get("forced")}
    if not token:
        raise Misconfigured("--token is missing: the origin's ingest token, which it prints when it starts")
    fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"source": None if name == AUTO else name}).encode()
    return _fetch(base, urllib.request.Request(f"{base}/ingest/{event}/source", body, fields, method="PUT"))


def _fetch(base: str, request: urllib.request.Request) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            values = json.loads(answer.read(MOST_BYTES))
            if not isinstance(values, dict):
                raise ValueError
            return values
    except urllib.error.HTTPError as error:
        said = error.read(MOST_BYTES).decode("utf-8", "replace").partition("\n")[0].strip()
        said = said if error.headers.get_content_type() == "text/plain" and said else f"it answered {error.code}"
        raise RingsideError(f"{base} refuses: {said}") from None
    except urllib.error.URLError as error:
        raise RingsideError(
            f"{base} cannot be reached: {getattr(error.reason, 'strerror', None) or error.reason}"
        ) from None
    except TimeoutError:
        raise RingsideError(f"{base} did not answer within {ANSWER_S:.0f} s") from None
    except (OSError, ValueError):
        raise RingsideError(f"{base} did not answer as an origin of Ringside does") from None
