"""The event file: what an event is, in TOML, each table read by the stage it configures.

    [event]    name = "final"   title = "The final"   segment_s = 2   part_s = 0.2   target_s = 1.2
    [source]   url = "rtmp://0.0.0.0:1935/live"   [[source.backup]] url = "film.mp4"   [source.watch] black_s = 1.2
    [encode]   fps = 30   [[encode.ladder]] height = 720   bitrate_bps = 2_800_000
    [origin]   dvr_s = 300   dvr_bytes = 536_870_912
    [archive]  url = "s3://bucket/events"   memory_s = 60   keep_s = 2_592_000
    [edge]     host = "0.0.0.0"   port = 8080   workers = 1
    [moq]      on = true   port = 8080   relay = "https://relay.example:4443/"
    [[restream]] url = "rtmps://live.example/app"   key = "..."   track = "v720"
    [fill]     origin = "http://origin:8080"   memory_bytes = 1_073_741_824   (of `ringside edge` alone)

A wrong field is refused by its path and value; so is an unknown one.
"""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ringside.cli.about import About
from ringside.core.errors import Misconfigured
from ringside.flow.capture import Config as Source
from ringside.flow.encode import Config as Encode
from ringside.flow.origin import Config as Origin
from ringside.flow.origin.archive import Config as Archive
from ringside.flow.relay.edge import Config as Edge
from ringside.flow.relay.fill.config import Config as Fill
from ringside.flow.relay.moq import Config as Moq
from ringside.flow.relay.restream import Config as Restream
from ringside.flow.relay.restream.config import MOST as MOST_RESTREAMS


class Event(BaseModel):
    """An event file, or the defaults."""

    model_config = ConfigDict(extra="forbid")

    event: About = About()
    source: Source = Source()
    encode: Encode = Encode()
    origin: Origin = Origin()
    archive: Archive = Archive()
    edge: Edge = Edge()
    fill: Fill | None = None
    moq: Moq = Moq()
    restream: tuple[Restream, ...] = Field(default=(), max_length=MOST_RESTREAMS)


def load(path: Path | None, changes: dict[str, dict[str, Any]] | None = None) -> Event:
    """Read an event file (None: the defaults), with the `changes` that the command line makes to its tables.

    Raises Misconfigured naming the file, the field and the value.
    """
    values = {} if path is None else _read(path)
    for table, fields in (changes or {}).items():
        if fields:
            values[table] = {**values.get(table, {}), **fields}
    return parse(values, str(path) if path else "event")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise Misconfigured(f"{path}: there is no such event file") from None
    except IsADirectoryError:
        raise Misconfigured(f"{path} is a folder, not an event file") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{path} is not a text file") from None
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}") from None


def parse(values: dict[str, Any], where: str = "event") -> Event:
    """An event from parsed TOML. Raises Misconfigured naming the first wrong field."""
    try:
        return Event.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            reason = "there is no such field"
        value = "" if isinstance(first["input"], dict | list) else f" (it is {first['input']!r})"
        raise Misconfigured(f"{where}: {field}: {reason}{value}") from None
