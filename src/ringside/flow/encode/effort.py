"""Efforts: how hard x264 tries, as a table. Pure.

An effort may change in mid-event, so every one of them must write the same SPS and PPS: whatever x264's presets
would vary there (reference frames, CABAC, 8x8 transform, weighted prediction, chroma QP offset) is pinned in
STREAM, and only decisions inside a frame differ. The names are those of the x264 presets they resemble.

`cores_per_mpx` is what one megapixel a second of camera picture costs, measured by `bench/encode.py`; only ratios
matter where machines differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ringside.flow.encode.config import EffortName, Rung

STREAM = {
    "annexb": "1", "aud": "0", "repeat-headers": "0", "nal-hrd": "none", "stitchable": "1",
    "cabac": "1", "8x8dct": "1", "weightp": "0", "ref": "1", "bframes": "0", "deblock": "0,0", "cqm": "flat",
    "keyint": "infinite", "min-keyint": "1", "scenecut": "0", "open-gop": "0", "intra-refresh": "0",
    "rc-lookahead": "0", "sync-lookahead": "0", "mbtree": "0", "force-cfr": "1", "trellis": "0", "psy": "0",
}  # fmt: skip
SHARE = 0.3  # of the machine's cores that `auto` may plan to spend: the rest is capture's, the origin's, the viewers'
PX_PER_THREAD = 60_000_000  # pixels a second above which a rung gets another thread (1080p30 gets two)


@dataclass(frozen=True, slots=True)
class Effort:
    """One row: x264 options beyond STREAM, and the cost in cores per megapixel a second."""

    name: str
    options: dict[str, str]
    cores_per_mpx: float


EFFORTS = (
    Effort("fast", {
        "me": "hex", "subme": "6", "partitions": "p8x8,i8x8,i4x4", "trellis": "1",
        "psy": "1", "psy-rd": "1.0,0", "chroma-qp-offset": "2",  # takes back the -2 that psy-rd puts into the PPS
    }, 0.0300),
    Effort("veryfast", {"me": "hex", "subme": "2", "partitions": "p8x8,i8x8,i4x4"}, 0.0135),
    Effort("superfast", {"me": "dia", "subme": "1", "partitions": "i8x8,i4x4"}, 0.0080),
    Effort("ultrafast", {"me": "dia", "subme": "0", "partitions": "none", "chroma-me": "0", "aq-mode": "0"}, 0.0060),
)  # fmt: skip
BY_NAME = {effort.name: effort for effort in EFFORTS}


def cost_cores(effort: Effort, rungs: Sequence[Rung], fps: Fraction) -> float:
    """Cores that encoding `rungs` at `effort` is expected to take."""
    return effort.cores_per_mpx * sum(rung.pixels for rung in rungs) * float(fps) / 1e6


def choose(name: EffortName, rungs: Sequence[Rung], fps: Fraction, cores: int) -> Effort:
    """The effort of that name; for `auto` the best whose expected cost leaves the machine room."""
    if name != "auto":
        return BY_NAME[name]
    affordable = (e for e in EFFORTS if cost_cores(e, rungs, fps) <= SHARE * cores)
    return next(affordable, EFFORTS[-1])


def threads(rung: Rung, fps: Fraction, cores: int) -> int:
    """x264 threads (slices of a frame) for a rung: one, or more where one could not keep up."""
    return max(1, min(4, cores, 1 + int(rung.pixels * float(fps) / PX_PER_THREAD)))


def x264_params(effort: Effort, bitrate_bps: int, peak_ratio: float, buffer_s: float) -> str:
    """The `x264-params` string of one encoder."""
    rate = {
        "vbv-maxrate": str(round(bitrate_bps * peak_ratio / 1000)),
        "vbv-bufsize": str(round(bitrate_bps * buffer_s / 1000)),
    }
    return ":".join(f"{key}={value}" for key, value in {**STREAM, **effort.options, **rate}.items())
