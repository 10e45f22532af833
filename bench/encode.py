"""Cores that the ladder takes at each effort, on the wall clock, and what it gives for them.

    python -m bench.encode [--seconds 8] [--height 720] [--fps 30] [--clip FILE]

Each effort runs the whole encoding stage in real time (scaling, x264 on every rung, AAC) on moving pictures with
detail made by numpy, or on the pictures of a clip. Cores are this process's user and system time over wall time;
latency is from a frame's time on the grid to its packet; PSNR is the top rung's, against what it was given.
"""

import argparse
import os
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "encode"))

from moving_pictures import moving

from bench.harness import write
from ringside.core.clock import Wall
from ringside.core.media import Frame, Grid, Timeline
from ringside.flow.encode import Config
from ringside.flow.encode.effort import EFFORTS
from ringside.flow.encode.gauge import quantiles
from ringside.flow.encode.pump import Encoder

DISTINCT = 120  # pictures, played there and back


def pictures(clip: str | None, width: int, height: int) -> list[av.VideoFrame]:
    """What is encoded: yuv420p of the given size."""
    if clip is None:
        return moving(width, height, DISTINCT)
    with av.open(clip) as container:
        decoded = (frame for frame, _ in zip(container.decode(video=0), range(DISTINCT), strict=False))
        return [frame.reformat(width, height, "yuv420p", interpolation="BICUBIC") for frame in decoded]


def music(blocks: int) -> list[np.ndarray]:
    """Stereo blocks of a few tones under bursts of noise: work for an AAC encoder."""
    t = np.arange(blocks * 1024) / 48_000
    tones = sum(0.1 * np.sin(2 * np.pi * hz * t) for hz in (220, 440, 1333, 5000))
    noise = np.random.default_rng(1).normal(0, 0.05, t.size) * (np.sin(4 * np.pi * t) > 0.5)
    return [np.stack([b, b]).astype(np.float32) for b in np.split(tones + noise, blocks)]


def psnr(encoder: Encoder, frames: list[Frame], given: dict[int, av.VideoFrame]) -> float:
    """Mean PSNR of the top rung's luma, dB."""
    top = encoder.tracks()[0]
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = top.extradata
    mine = [frame for frame in frames if frame.track == top.name][:60]
    shown = [picture for frame in mine for picture in decoder.decode(av.Packet(frame.data))]
    errors = [
        np.square(np.subtract(*(p.to_ndarray()[: top.height].astype(float) for p in (seen, given[frame.index])))).mean()
        for frame, seen in zip(mine, shown, strict=False)
        if (given[frame.index].width, given[frame.index].height) == (top.width, top.height)
    ]
    return float(10 * np.log10(255**2 / np.mean(errors))) if errors else float("nan")


def measure(effort: str, source: list[av.VideoFrame], fps: Fraction, seconds: float) -> dict[str, Any]:
    """One row of the table."""
    there_and_back = [*source, *reversed(source)]
    sound, frames, given = music(200), list[Frame](), dict[int, av.VideoFrame]()

    def picture(k: int) -> av.VideoFrame:
        given[k] = there_and_back[k % len(there_and_back)]
        return given[k]

    grid = Grid.video(fps)
    encoder = Encoder(
        Config.load({"effort": effort}), Timeline(), Wall(), grid, Grid.audio(), picture, lambda k: sound[k % 200],
        frames.append, 0, source_size=(source[0].width, source[0].height),
    )  # fmt: skip
    encoder.start()
    time.sleep(1.0)
    wall, cpu, first = time.monotonic(), time.process_time(), len(frames)
    time.sleep(seconds)
    wall, cpu, last = time.monotonic() - wall, time.process_time() - cpu, len(frames)
    status = encoder.status()
    encoder.stop()
    tracks = encoder.tracks()
    steady = [f for f in frames[first:last] if f.track == tracks[0].name]
    return {
        "effort": effort,
        "cores": round(cpu / wall, 2),
        "speed": status["speed"],
        "encode_ms": status["rungs"][0]["encode_ms"],
        "latency_ms": quantiles([(f.encoded_ns - grid.start_ns(f.index)) / 1e6 for f in steady]),
        "psnr_db": round(psnr(encoder, frames, given), 1),
        "peak_of_declared": [round(peak(frames, t.name, grid) / t.bandwidth_bps, 2) for t in tracks[:-1]],
        "shed": status["shed"],
    }


def line(row: dict[str, Any]) -> str:
    """A row as text."""
    spent, latency = (
        row[key] or dict.fromkeys(("p50", "p95", "p99"), float("nan")) for key in ("encode_ms", "latency_ms")
    )
    return (
        f"{row['effort']:<10} {row['cores']:5.2f} {row['speed']:6.2f} {spent['p50']:6.1f} {spent['p95']:6.1f}"
        f" {latency['p50']:7.1f} {latency['p95']:6.1f} {latency['p99']:6.1f} {row['psnr_db']:6.1f}"
        f"  {' '.join(f'{share:4.0%}' for share in row['peak_of_declared'])}      {', '.join(row['shed']) or '-'}"
    )


def peak(frames: list[Frame], track: str, grid: Grid) -> float:
    """The largest bitrate of a whole segment of a track, b/s; of the whole if there is none."""
    timeline = Timeline()
    segments: dict[int, int] = {}
    for frame in (f for f in frames if f.track == track):
        number = timeline.number_of(grid, frame.index)
        segments[number] = segments.get(number, 0) + len(frame.data)
    whole = list(segments.values())[1:-1] or list(segments.values())
    return max(whole) * 8 / float(timeline.segment_s)


def main(seconds: float = 8.0, height: int = 720, fps: Fraction = Fraction(30), clip: str | None = None) -> None:
    """Measure every effort in turn."""
    source = pictures(clip, height * 16 // 18 * 2, height)
    print(f"{len(source)} pictures {source[0].width}x{source[0].height} at {float(fps):g}/s, {os.cpu_count()} cores")
    print(f"{'':<10} {'':>5} {'':>6} {'top rung ms':>13} {'latency ms':>21} {'PSNR':>6}  segment peak of")
    print(f"{'effort':<10} cores  speed    p50    p95     p50    p95    p99     dB  declared, by rung   shed")
    rows = []
    for effort in EFFORTS:
        rows.append(measure(effort.name, source, fps, seconds))
        print(line(rows[-1]), flush=True)
    write("encode", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="per effort")
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--fps", type=Fraction, default=Fraction(30), help="e.g. 30000/1001")
    parser.add_argument("--clip", help="take the pictures of this file instead")
    main(**vars(parser.parse_args()))
