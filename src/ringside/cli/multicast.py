"""`ringside multicast send`: an event read from its origin's feed, sent once to a group.

Options enter; a session that goes on until Ctrl-C leaves, and lines about it on the terminal.
"""

import asyncio
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from ringside.cli.console import console
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.core.telemetry import setup_log
from ringside.flow.relay.sender.config import Config

OPTIONS = {
    "origin": "origin", "track": "tracks", "feed_token": "feed_token", "group": "group", "source": "source",
    "interface": "interface", "ttl": "ttl", "rate": "rate_bps", "depth": "depth_bytes", "symbol": "symbol",
    "fec": "fec", "overhead": "overhead", "repair": "repair", "description": "description",
}  # fmt: skip
"""Options, by the field of the configuration that each sets."""
RATE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([kKMG]?)(?:bit/s|bps)?")
UNITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}


def run(given: Mapping[str, Any], verbose: bool = False) -> None:
    """Send until interrupted. Raises RingsideError."""
    config = config_of(given)
    setup_log("ringside", verbose)
    if note := note_of(config):
        _say(f"  [yellow]{note}[/]")
    from ringside.flow.relay.sender import send

    asyncio.run(send(config, Wall(), _say))


def _say(line: str) -> None:
    """A line stays one, however long: there is one each second."""
    console.print(line, soft_wrap=True)


def config_of(given: Mapping[str, Any]) -> Config:
    """The configuration of what was typed, by option. Raises Misconfigured naming the option."""
    values = {OPTIONS[option]: value for option, value in given.items() if value is not None}
    values["group"], values["port"] = group_of(str(given["group"]))
    if "rate_bps" in values:
        values["rate_bps"] = bits_of(str(given["rate"]))
    for several in ("tracks", "repair"):
        values[several] = tuple(values.get(several, ()))
    if values.get("fec") == "none":
        values.setdefault("overhead", 0)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Misconfigured(_sentence(first["loc"], first["msg"], first["input"])) from None


def note_of(config: Config) -> str:
    """What edges elsewhere could not do with this session; empty where nothing."""
    here = [url for url in config.repair or (config.origin,) if _is_loopback(urlsplit(url).hostname or "")]
    if not here or config.ttl == 0 or _is_loopback(config.interface or config.source or ""):
        return ""
    return f"edges on other machines cannot repair from {here[0]}; say with --repair where they can"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "lo")


def group_of(text: str) -> tuple[str, int]:
    """An address and a port. Raises Misconfigured."""
    address, colon, port = text.strip().rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,5}", port):
        raise Misconfigured(f"--group: {text} has no port; write it as 239.1.1.1:5000")
    return address, int(port)


def bits_of(rate: str) -> int:
    """Bits a second in `20M` or `1.5G` (powers of 1000). Raises Misconfigured."""
    found = RATE.fullmatch(rate.strip())
    if found is None:
        raise Misconfigured(f"--rate: {rate!r} is no rate; write it as 20M or 800k, bits a second")
    return int(float(found[1]) * UNITS[found[2]])


def _sentence(where: tuple[int | str, ...], reason: str, value: object) -> str:
    """What is wrong with a field, as the person who typed it knows it."""
    reason = reason.removeprefix("Value error, ")
    if not where:
        return f"--group: {reason}"
    option = {field: option for option, field in OPTIONS.items()} | {"port": "group"}
    return f"--{option[str(where[0])].replace('_', '-')}: {value} {_clause(reason)}"


def _clause(reason: str) -> str:
    """`Input should be less than …` as the rest of a sentence about the value."""
    return reason.replace("Input should be ", "must be ").replace("String should ", "must ").replace(" string", "")
