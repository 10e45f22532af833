"""What the verbs of an operator share (`ringside target`, `ringside source`): where the event is, how it is asked.

What enters: options, and an order for an origin elsewhere. What leaves: the supervisor on this machine, or the origin's
answer over HTTP; an error as one sentence.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from ringside.cli.takeover import Running
from ringside.core.errors import Misconfigured, RingsideError

PORT = 8080
ANSWER_S = 5.0
MOST_BYTES = 1 << 20

Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Of the event on this machine. (default 8080)")
]
To = Annotated[str | None, typer.Option("--to", metavar="URL", help="The origin elsewhere, e.g. http://origin:8080.")]
Token = Annotated[
    str | None,
    typer.Option("--token", metavar="T", envvar="RINGSIDE_INGEST_TOKEN", help="The origin's ingest token."),
]
EventFile = Annotated[
    Path | None, typer.Option("--event", metavar="FILE", help="Event file: its name, port and token.")
]


def check_place(port: int | None, to: str | None) -> None:
    """Raises Misconfigured where the event would be in two places."""
    if to is not None and port is not None:
        raise Misconfigured("--port is for an event on this machine, --to for one elsewhere; give one of them")


def here(port: int) -> Running:
    """The supervisor that has `port` on this machine, to be closed. Raises RingsideError."""
    running = Running.at(port)
    if running is None:
        raise RingsideError(
            f"you carry no event on port {port} of this machine; choose another --port, or --to URL for one elsewhere"
        )
    return running


class Elsewhere:
    """An origin by its address. Raises Misconfigured where `to` is none."""

    def __init__(self, to: str) -> None:
        self._base = to.rstrip("/")
        parts = urlsplit(self._base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Misconfigured(f"--to: {to} is no address; write it as http://origin:8080")

    def read(self, path: str) -> dict[str, Any]:
        """The JSON object at `path`. Raises RingsideError."""
        return self._ask(urllib.request.Request(f"{self._base}{path}"))

    def order(self, path: str, order: dict[str, Any], token: str) -> dict[str, Any]:
        """What follows from an order. Raises RingsideError; Misconfigured without a token."""
        if not token:
            raise Misconfigured("--token is missing: the origin's ingest token, which it prints when it starts")
        fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = json.dumps(order).encode()
        return self._ask(urllib.request.Request(f"{self._base}{path}", body, fields, method="PUT"))

    def astray(self) -> RingsideError:
        """For an answer that makes no sense."""
        return RingsideError(f"{self._base} did not answer as an origin of Ringside does")

    def _ask(self, request: urllib.request.Request) -> dict[str, Any]:
        base = self._base
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                values = json.loads(answer.read(MOST_BYTES))
        except urllib.error.HTTPError as error:
            said = error.read(MOST_BYTES).decode("utf-8", "replace").partition("\n")[0].strip()
            said = said if error.headers.get_content_type() == "text/plain" and said else f"it answered {error.code}"
            raise RingsideError(f"{base} refuses: {said}") from None
        except urllib.error.URLError as error:
            why = getattr(error.reason, "strerror", None) or error.reason
            raise RingsideError(f"{base} cannot be reached: {why}") from None
        except TimeoutError:
            raise RingsideError(f"{base} did not answer within {ANSWER_S:.0f} s") from None
        except (OSError, ValueError):
            raise self.astray() from None
        if not isinstance(values, dict):
            raise self.astray()
        return values
