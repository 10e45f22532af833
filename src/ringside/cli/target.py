"""`ringside target`: how long after its capture all players show a picture; read, or ordered anew.

What enters: seconds, and where the event is: on this machine, by the control socket of its supervisor, or anywhere, by
HTTP. What leaves: a sentence, or an error as one.
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
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.flow.origin import Schedule
from ringside.flow.origin.target import milliseconds

EXAMPLE = "Example:  ringside target 3    or elsewhere:  ringside target 3 --to http://origin:8080 --token SECRET"
PORT = 8080
ANSWER_S = 5.0
MOST_BYTES = 4096


def target(
    seconds: Annotated[
        float | None,
        typer.Argument(metavar="SECONDS", help="0.1 to 60. Without it: what the target is.", show_default=False),
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
    """How long after its capture every player shows a picture. It moves slowly, so that nobody jumps."""
    with sentences():
        typer.echo(run(seconds, port, to, token, event))


def run(seconds: float | None, port: int | None, to: str | None, token: str | None, path: Path | None) -> str:
    """What the target is, or is now, in a sentence. Raises RingsideError."""
    if to is not None and port is not None:
        raise Misconfigured("--port is for an event on this machine, --to for one elsewhere; give one of them")
    try:
        _ = seconds is None or milliseconds(seconds)
    except ValueError as error:
        raise Misconfigured(str(error)) from None
    about = event_file.load(path)
    if to is None:
        schedule = _here(port or (about.edge.port if path else PORT), seconds)
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
    running = Running.at(port)
    if running is None:
        raise RingsideError(
            f"you carry no event on port {port} of this machine; choose another --port, or --to URL for one elsewhere"
        )
    try:
        return Schedule.of(running.target(seconds))
    finally:
        running.close()


def _elsewhere(to: str, name: str, token: str, seconds: float | None) -> Schedule:
    base = to.rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(f"--to: {to} is no address; write it as http://origin:8080")
    if seconds is None:
        return _schedule(base, urllib.request.Request(f"{base}/live/{name}/target.json"))
    if not token:
        raise Misconfigured("--token is missing: the origin's ingest token, which it prints when it starts")
    fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"target_s": seconds}).encode()
    return _schedule(base, urllib.request.Request(f"{base}/ingest/{name}/target", body, fields, method="PUT"))


def _schedule(base: str, request: urllib.request.Request) -> Schedule:
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            values: dict[str, Any] = json.loads(answer.read(MOST_BYTES))
            return Schedule.of(values)
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
    except (OSError, ValueError, KeyError, TypeError):
        raise RingsideError(f"{base} did not answer as an origin of Ringside does") from None
