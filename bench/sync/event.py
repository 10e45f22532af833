"""The event under measurement: a test card at 360p30 and its sound, with as little around it as there can be."""

import contextlib
import json
import time
import urllib.error
from collections.abc import Iterator

from bench.harness import OUT, Event, get, live
from ringside.cli.about import About

AGE_S = 8.0
"""How old an event is when the first player comes."""
FILE = """
[event]
{about}
[source]
width = 640
height = 360
fps = 30
[[encode.ladder]]
height = 360
bitrate_bps = {bitrate_bps}
[origin]
dvr_s = 60
"""


def file_text(bitrate_bps: int = 600_000, **about: float) -> str:
    """An event file with such fields in its `[event]` table, those that this version knows."""
    known = {name: value for name, value in about.items() if name in About.model_fields}
    return FILE.format(about="\n".join(f"{name} = {value}" for name, value in known.items()), bitrate_bps=bitrate_bps)


@contextlib.contextmanager
def event(
    name: str, *options: str, core: int | None = None, age_s: float = AGE_S, bitrate_bps: int = 600_000, **about: float
) -> Iterator[Event]:
    """`ringside live OPTIONS` on all of this machine's loopback addresses, old enough to be joined."""
    OUT.mkdir(exist_ok=True)
    file = OUT / f"sync-{name}.toml"
    file.write_text(file_text(bitrate_bps, **about))
    with live("--event", str(file), *options, core=core, host="0.0.0.0") as running:
        running.wait_playable()
        time.sleep(age_s)
        yield running


def offers(url: str) -> bool:
    """Whether there is anything at a URL."""
    try:
        get(url)
    except (urllib.error.URLError, OSError):
        return False
    return True


def target_ms(running: Event) -> float | None:
    """The event's target as it tells it; None where it has none."""
    try:
        said = json.loads(get(f"{running.url}/live/main/target.json"))
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return float(said["target_ms"])
