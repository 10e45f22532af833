"""SRT from a host on a network that loses 2, 5 and 10 %: no picture is lost at 2 %, nothing dies at 10.

The camera is a stock ffmpeg in a host of its own; nftables rolls the dice and counts. What was published is decoded:
the strips say which pictures never came. The control: 60 %.
"""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.lab import Host, laboratory

from bench.faults.audience import watching
from bench.faults.film import FPS, SECONDS, film
from bench.faults.network import inside
from bench.faults.options import Options
from bench.faults.pictures import Picture, pictures
from bench.faults.rows.source_gone import MARGIN_S, VIEWERS, on_screen
from bench.faults.stage import Running, stage
from bench.faults.verdict import Bound, Fired, Row, Trial
from bench.harness import free_port

LOSSES = (2, 5, 10)
TOO_MUCH = 60
BEFORE_S, EACH_S, AFTER_S = 1.0, 8.0, 2.0


@dataclass(frozen=True, slots=True)
class Way:
    """How a camera reaches the studio: what `ringside live` listens to, and what ffmpeg sends by, and to.

    `film`: the container that it sends from; a bitstream filter does not outlive the film's first end.
    """

    name: str
    listens: str
    words: Sequence[str]
    to: str
    film: str = "ts"


SRT = Way("SRT", "srt://0.0.0.0:{port}?mode=listener&streamid=camera&latency=500", ["-f", "mpegts"],
          "srt://{host}:{port}?mode=caller&streamid=camera&latency=500000&pkt_size=1316")  # fmt: skip


def run(options: Options) -> Trial:
    """Each loss in turn."""
    return play(options, SRT, LOSSES, {2: 0})


def control(options: Options) -> Trial:
    """More than can be mended."""
    return play(options, SRT, (TOO_MUCH,), {TOO_MUCH: 0})


def play(options: Options, way: Way, losses: Sequence[int], missing: Mapping[int, int]) -> Trial:
    """A camera that comes by `way` while packets are lost; `missing`: how many pictures may be, by per cent lost."""
    trial, port = Trial(), free_port()
    with laboratory(2) as lab:
        here, far = lab.hosts
        with inside(here), stage() as there:
            live = there.live(way.listens.format(port=port))
            with camera(there.folder, far, way, way.to.format(host=here.address, port=port)):
                on_screen(there, live)
                lasts_s = len(losses) * (BEFORE_S + EACH_S + AFTER_S)
                with watching(there, live, options, lasts_s, viewers=VIEWERS, browsers=0) as audience:
                    for loss in losses:
                        audience.pause(BEFORE_S)
                        here.loss(loss, everything=True)
                        at_s = time.time()
                        audience.pause(EACH_S)
                        looked, dropped = here.lost()
                        here.loss(0)
                        audience.pause(AFTER_S)
                        fired = lost(way, loss, looked, dropped)
                        trial.add(suffered(live, fired, at_s, at_s + EACH_S, missing.get(loss)))
                    watched = audience.leave()
    trial.bounds += watched.bounds()
    trial.facts |= watched.facts()
    return trial


@contextlib.contextmanager
def camera(folder: Path, host: Host, way: Way, to: str) -> Iterator[None]:
    """A stock ffmpeg on a host, which sends the film over and over."""
    if shutil.which("ffmpeg") is None:
        raise SystemExit("ffmpeg is missing: apt-get install ffmpeg")
    file, source = folder / f"film.{way.film}", folder / "film.ts"
    source.write_bytes(b"".join(packet for _, packet in film().packets))
    if file != source:
        subprocess.run(["ffmpeg", "-v", "error", "-i", str(source), "-c", "copy", str(file)], check=True)
    command = ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(file), "-c", "copy", *way.words, to]
    with (folder / "camera.log").open("wb") as log:
        process = host.start(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def lost(way: Way, loss: int, looked: int, dropped: int) -> Fired:
    """What nftables counted."""
    share = 100 * dropped / max(1, looked)
    return Fired(f"{way.name}, {loss} %", f"{dropped} of {looked} packets dropped", dropped > 0 and share > loss / 3)


def suffered(live: Running, fired: Fired, at_s: float, until_s: float, most: int | None) -> Trial:
    """What is missing of the camera's pictures in the published ones."""
    shown = pictures(live, at_s, min(until_s, time.time() - MARGIN_S + 1))
    missing = passed_over(shown)
    what = f"{fired.what}: of the camera's {round(EACH_S * FPS)} pictures missing"
    bounds = [] if most is None else [Bound(what, missing, most)]
    return Trial([fired], bounds, {fired.what: {"missing": missing, "published": len(shown)}})


def passed_over(shown: Sequence[Picture]) -> int:
    """Pictures of the film that were passed over, or stood in for by a slate."""
    frames = round(SECONDS * FPS)
    known = [each.strip_ms for each in shown if each.strip_ms is not None]
    steps = [round((b - a) * FPS / 1000) % frames for a, b in pairwise(known)]
    return sum(max(0, step - 1) for step in steps) + sum(each.strip_ms is None for each in shown)


ROW = Row(
    "SRT over 2, 5, 10 % loss, 500 ms latency",
    "2 %: no picture of the camera lost; to 10 %: no stall, no crash, no rule broken",
    run,
    "60 %",
    control,
)
