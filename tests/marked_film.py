"""Films whose every picture bears the strip of its capture time, encoded and cut as a studio does; archives of them."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from ringside.core.boxes import parse_init
from ringside.core.catalog import Index, Listed, Names, Roll, Shard, Version, session_name, write_shard
from ringside.core.media import NS_PER_S, Frame, Grid, Segment, Timeline, Track
from ringside.flow.capture import strip
from ringside.flow.mux import Segmenter, audio_track, video_track

TIMELINE = Timeline()
START_S = 1_795_000_000
WIDTH, HEIGHT = 320, 180


@dataclass(frozen=True)
class Film:
    """A track, its frames on the epoch's grid, and its finished segments by number."""

    track: Track
    grid: Grid
    frames: Sequence[Frame]
    segments: dict[int, bytes]


def encoder(fps: Fraction, width: int = WIDTH) -> av.VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate, codec.bit_rate = 1 / fps, fps, 400_000
    codec.flags |= av.codec.context.Flags.global_header
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1", "x264-params": "scenecut=0"}
    codec.open()
    return codec


def header(codec: av.VideoCodecContext, fps: Fraction, name: str = "v180") -> Track:
    """What such an encoder's track is."""
    grid, extradata = Grid.video(fps), bytes(codec.extradata or b"")
    return video_track(name, extradata, grid, codec.width, codec.height, fps, 400_000, 800_000)


@cache
def pictures(fps: Fraction, seconds: int = 8, name: str = "v180") -> Film:
    """Grey pictures with their strips; a key frame every two seconds, at each segment's start."""
    grid, codec = Grid.video(fps), encoder(fps)
    track, first = header(codec, fps, name), TIMELINE.first_frame(grid, START_S // 2)
    frames = []
    for index in range(first, first + round(seconds * fps)):
        frame = _marked(index, grid)
        frame.pts = index - first
        key = TIMELINE.place(grid, index).first_in_segment
        frame.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        frames += [Frame(name, first + p.pts, p.is_keyframe, bytes(p)) for p in codec.encode(frame)]
    return Film(track, grid, frames, _segments(track, grid, frames))


@cache
def sound(seconds: int = 8) -> Film:
    """A tone that rises, so that every instant sounds different."""
    grid = Grid.audio()
    codec = av.CodecContext.create("aac", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 48_000, "stereo", "fltp", 128_000
    codec.flags |= av.codec.context.Flags.global_header
    codec.open()
    track = audio_track("a", bytes(codec.extradata or b""), grid, 2, 128_000, 160_000)
    first, packets = TIMELINE.first_frame(grid, START_S // 2), []
    for start in range(0, seconds * 48_000, 1024):
        at = np.arange(start, start + 1024) / 48_000
        tone = (0.3 * np.sin(2 * np.pi * (300 + 40 * at) * at)).astype(np.float32)
        block = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
        block.sample_rate, block.pts = 48_000, start
        packets += codec.encode(block)
    frames = [Frame("a", first + n, True, bytes(packet)) for n, packet in enumerate(packets)]
    return Film(track, grid, frames, _segments(track, grid, frames))


def _marked(index: int, grid: Grid) -> av.VideoFrame:
    planes = (np.full((HEIGHT, WIDTH), 90, np.uint8), *(np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8),) * 2)
    strip.draw((planes[0], planes[1].copy(), planes[2].copy()), grid.start_ns(index) // 10**6)
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, data in zip(frame.planes, planes, strict=True):
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : data.shape[1]] = data
        plane.update(padded.tobytes())
    return frame


def _segments(track: Track, grid: Grid, frames: Sequence[Frame]) -> dict[int, bytes]:
    segmenter = Segmenter(track, grid, TIMELINE, 0)
    chunks = [chunk for frame in frames for chunk in segmenter.push(frame)]
    rest = segmenter.end()
    if rest and rest[0].start_ticks > chunks[-1].start_ticks:
        chunks += rest
    found: dict[int, bytes] = {}
    for chunk in chunks:
        found[chunk.number] = found.get(chunk.number, b"") + chunk.data
    return found


def strips(source: str | Path, level: str = "error") -> list[int | None]:
    """The times on the pictures that ffmpeg shows of a file or an address, Unix ms. Any error of that level fails."""
    command = ["ffmpeg", "-v", level, "-i", str(source), "-map", "0:v:0", "-fps_mode", "passthrough"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "gray", "-"], capture_output=True, check=True)
    assert raw.stderr == b"", raw.stderr
    frames = np.frombuffer(raw.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH)
    return [strip.decode(frame) for frame in frames]


def archived(folder: Path, films: Sequence[Film], event: str = "main", missing: Sequence[int] = ()) -> Index:
    """An event of these films that has ended, in the archive `folder`; segments at places `missing` are GAP."""
    session = session_name(START_S * NS_PER_S)
    names, listed = Names(event, session), []
    for film in films:
        roll = _roll(film, {min(film.segments) + at for at in missing})
        for number, data in film.segments.items():
            if not roll[number].gap:
                _put(folder / names.segment(film.track.name, number), data)
        _put(folder / names.init(film.track.name, film.track.init_name), film.track.init)
        _put(folder / names.shard(film.track.name, roll.first), write_shard(roll.segments()))
        last = roll[roll.after - 1]
        until_ns = (last.start_ticks + last.duration_ticks) * NS_PER_S // film.track.timescale
        shard = Shard(roll.first, roll.after - 1, len(roll), roll.bytes, until_ns)
        listed.append(Listed(film.track.name, (Version.of(film.track),), (shard,)))
    ended_ns = max(track.shards[-1].until_ns for track in listed)
    index = Index(event, session, "The film", TIMELINE, 2, START_S * NS_PER_S, ended_ns, ended_ns, tuple(listed))
    _put(folder / names.index, index.encode())
    return index


def _roll(film: Film, missing: set[int]) -> Roll:
    roll = Roll()
    assert parse_init(film.track.init).timescale == film.track.timescale
    for number, data in film.segments.items():
        first, after = (TIMELINE.first_frame(film.grid, n) for n in (number, number + 1))
        after = min(after, film.frames[-1].index + 1)
        ticks = film.grid.frame_ticks
        segment = Segment(number, first * ticks, (after - first) * ticks, (), True, film.track.init_name, len(data))
        roll.add(replace(segment, gap=True, size=0) if number in missing else segment)
    return roll


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
