"""`ringside edge --multicast`: the session that an edge is fed by, as the person who started it named it.

What enters: the options, and the description in a file or at a URL. What leaves: what the gateway is given, checked as
far as it can be before anything runs; a Misconfigured in one sentence; and lines for the terminal.
"""

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ringside.core.errors import Misconfigured
from ringside.core.mabr import MAX_DOCUMENT
from ringside.flow.relay import gateway

ANSWER_S = 10.0
STATES = {
    "group": "[green]the group flows, and feeds this edge[/]",
    "bridge": "[yellow]the group is not enough; the origin feeds this edge until it is[/]",
}


@dataclass(frozen=True, slots=True)
class Group:
    """What was typed: where the description is, whom to ask for what was lost, which network card."""

    description: str | None = None
    repair: tuple[str, ...] = ()
    interface: str = ""


def group_of(wish: Group, now_ns: int) -> gateway.Config | None:
    """What the gateway is given; None where none is wanted. Raises Misconfigured naming the option."""
    if wish.description is None:
        for option, given in (("--repair", wish.repair), ("--interface", wish.interface)):
            if given:
                raise Misconfigured(f"{option} is for an edge that is fed by a group; say which with --multicast")
        return None
    try:
        document = _document(wish.description).decode()
    except UnicodeDecodeError:
        raise Misconfigured(f"--multicast: {wish.description} is no description: it is not UTF-8") from None
    values = {"document": document, "interface": wish.interface, "repair": wish.repair}
    try:
        config = gateway.Config.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = {"document": "--multicast", "repair": "--repair"}.get(str(first["loc"][0]), "--interface")
        raise Misconfigured(f"{option}: {first['msg'].removeprefix('Value error, ')}") from None
    until = config.description.until
    if until and until * 10**9 < now_ns:
        when = datetime.fromtimestamp(until, UTC).isoformat(" ")
        raise Misconfigured(f"--multicast: {wish.description} was good until {when}; the sender writes a new one")
    return config


def check(config: gateway.Config | None, changes: dict[str, dict[str, Any]], file: Path | None) -> None:
    """Can it be? The origin is the description's where nobody names one. Raises Misconfigured."""
    if config is None:
        return
    filling = changes.setdefault("fill", {})
    if filling.get("mode") == "pull":
        raise Misconfigured("--multicast and --pull exclude each other: a gateway must know what the origin has told")
    if file is None and "origin" not in filling:
        filling["origin"] = config.description.origin
    gateway.close(gateway.joined(config.description, config.interface, config.buffer_bytes))


def banner(config: gateway.Config) -> str:
    """The line that says which group."""
    news = config.description.news
    return f"  group    {news.group}:{news.port}{f' from {news.source}' if news.source else ''}"


def said(report: Mapping[str, Any]) -> str:
    """The line for a report of how the group does; empty where it says nothing new."""
    return STATES.get(str(report.get("multicast", "")), "")


def _document(where: str) -> bytes:
    data = _fetched(where) if where.startswith(("http://", "https://")) else _read(where)
    if len(data) > MAX_DOCUMENT:
        raise Misconfigured(f"--multicast: {where} is larger than {MAX_DOCUMENT >> 20} MiB; that is no description")
    return data


def _read(where: str) -> bytes:
    try:
        with Path(where).open("rb") as file:
            return file.read(MAX_DOCUMENT + 1)
    except FileNotFoundError:
        raise Misconfigured(f"--multicast: there is no file {where}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Misconfigured(f"--multicast: {where} cannot be read: {reason}") from None


def _fetched(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as reply:
            data: bytes = reply.read(MAX_DOCUMENT + 1)
            return data
    except urllib.error.HTTPError as error:
        raise Misconfigured(f"--multicast: {url} answered {error.code}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise Misconfigured(
            f"--multicast: {url} does not answer: {getattr(reason, 'strerror', None) or reason}"
        ) from None
