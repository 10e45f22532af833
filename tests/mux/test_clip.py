"""Clips: exact to the frame by the strip on the picture, exact to the sample by the sound, as ffmpeg shows them."""

import json
import shutil
import subprocess
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from mux_encoders import START_S, TIMELINE, Encoded, encode_audio

from ringside.core.boxes.box import boxes
from ringside.core.media import Frame, Grid, Track
from ringside.flow.capture import strip
from ringside.flow.mux import Segmenter, video_track
from ringside.flow.mux.clip import Clip, Made, Unclippable

pytestmark = [pytest.mark.peer, pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing")]
WIDTH, HEIGHT = 320, 180
FPS = [Fraction(30), Fraction(30000, 1001), Fraction(25)]
SECONDS = 8


def marked(index: int, grid: Grid) -> av.VideoFrame:
    """A grey picture with the strip of its capture time."""
    planes = (np.full((HEIGHT, WIDTH), 90, np.uint8), *(np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8),) * 2)
    strip.draw((planes[0], planes[1].copy(), planes[2].copy()), grid.start_ns(index) // 10**6)
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, data in zip(frame.planes, planes, strict=True):
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : data.shape[1]] = data
        plane.update(padded.tobytes())
    return frame


def encoder(fps: Fraction, width: int = WIDTH) -> av.VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate, codec.bit_rate = 1 / fps, fps, 400_000
    codec.flags |= av.codec.context.Flags.global_header
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1", "x264-params": "scenecut=0"}
    codec.open()
    return codec


@cache
def pictures(fps: Fraction) -> Encoded:
    """A key frame every two seconds, at each segment's start."""
    grid, codec = Grid.video(fps), encoder(fps)
    track = video_track("v180", bytes(codec.extradata or b""), grid, WIDTH, HEIGHT, fps, 400_000, 800_000)
    first = TIMELINE.first_frame(grid, START_S // 2)
    frames = []
    for index in range(first, first + round(SECONDS * fps)):
        frame = marked(index, grid)
        frame.pts = index - first
        key = TIMELINE.place(grid, index).first_in_segment
        frame.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        frames += [Frame(track.name, first + p.pts, p.is_keyframe, bytes(p)) for p in codec.encode(frame)]
    return Encoded(track, grid, frames)


@cache
def sound() -> Encoded:
    return encode_audio(SECONDS)


def segments(encoded: Encoded) -> dict[int, bytes]:
    """Finished segments by number, as an archive has them."""
    segmenter = Segmenter(encoded.track, encoded.grid, TIMELINE, 0)
    found: dict[int, bytes] = {}
    for frame in encoded.frames:
        for chunk in segmenter.push(frame):
            found[chunk.number] = found.get(chunk.number, b"") + chunk.data
    return found


def clip(path: Path, fps: Fraction, start_s: Fraction, end_s: Fraction, without: frozenset[int] = frozenset()) -> Made:
    video, audio = pictures(fps), sound()
    seen, heard = segments(video), segments(audio)
    cut = Clip(str(path), start_s, end_s)
    first = min(seen)
    cut.open([(video.track, seen[first]), (audio.track, heard[first])])
    for number in sorted(seen.keys() - without):
        cut.add(video.track, seen[number])
        cut.add(audio.track, heard[number])
    return cut.close()


def strips(path: Path) -> list[int | None]:
    """The times on the pictures that ffmpeg shows of a file, ms."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run([*command[:-1], "-fps_mode", "passthrough", "-"], capture_output=True, check=True)
    assert raw.stderr == b""
    frames = np.frombuffer(raw.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH)
    return [strip.decode(frame) for frame in frames]


def samples(path: Path) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-f", "f32le", "-ac", "1", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)


def duration_s(path: Path) -> dict[str, Fraction]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {stream["codec_type"]: Fraction(stream["duration"]) for stream in found["streams"]}


@pytest.mark.parametrize("fps", FPS, ids=str)
@pytest.mark.parametrize(("start", "end"), [("1.1", "5.3"), ("2", "4"), ("0.0334", "0.0667"), ("3.99", "4.02")])
def test_exactly_the_frames_of_the_stretch_are_shown(tmp_path: Path, fps: Fraction, start: str, end: str) -> None:
    path = tmp_path / "clip.mp4"
    start_s, end_s = START_S + Fraction(start), START_S + Fraction(end)
    made = clip(path, fps, start_s, end_s)
    video = pictures(fps)
    inside = [f.index for f in video.frames if start_s <= f.index * video.grid.frame_s < end_s]
    assert strips(path) == [video.grid.start_ns(index) // 10**6 for index in inside]
    assert (made.frames, made.missing_s) == (len(inside), 0)
    assert abs(duration_s(path)["video"] - len(inside) / fps) < Fraction(1, 50_000)
    assert made.start_s == inside[0] * video.grid.frame_s


def test_the_index_is_in_front_so_that_it_plays_while_it_loads(tmp_path: Path) -> None:
    clip(tmp_path / "clip.mp4", FPS[0], START_S + Fraction(1), START_S + Fraction(3))
    kinds = [box.type for box in boxes((tmp_path / "clip.mp4").read_bytes())]
    assert kinds.index("moov") < kinds.index("mdat")


def test_sound_begins_with_the_picture_to_the_sample(tmp_path: Path) -> None:
    made = clip(tmp_path / "clip.mp4", FPS[0], START_S + Fraction("1.1"), START_S + Fraction("5.3"))
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(sound().track.init + b"".join(segments(sound()).values()))
    heard, all_of_it = samples(tmp_path / "clip.mp4"), samples(whole)
    began_s = sound().frames[0].index * sound().grid.frame_s
    first = round((made.start_s - began_s) * 48_000)
    same = all_of_it[first : first + len(heard)]
    assert len(heard) / 48_000 == pytest.approx(float(made.duration_s), abs=0.03)
    assert np.abs(heard[: len(same)] - same).max() < 0.01


def test_what_was_not_recorded_is_a_longer_last_picture_and_is_told(tmp_path: Path) -> None:
    path, missing = tmp_path / "clip.mp4", frozenset([START_S // 2 + 1])
    made = clip(path, FPS[0], START_S + Fraction(1), START_S + Fraction(6), missing)
    assert (made.frames, made.missing_s) == (90, 2)
    assert duration_s(path)["video"] == 5
    assert len(strips(path)) == 90


def test_nothing_in_the_stretch_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(Unclippable, match="nothing was recorded in this stretch"):
        clip(tmp_path / "clip.mp4", FPS[0], Fraction(START_S + 100), Fraction(START_S + 110))


def test_a_folder_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(Unclippable, match="cannot be written: No such file or directory"):
        clip(tmp_path / "no" / "clip.mp4", FPS[0], Fraction(START_S), Fraction(START_S + 1))


def test_pictures_that_change_their_form_are_not_mixed(tmp_path: Path) -> None:
    video = pictures(FPS[0])
    grid, codec = video.grid, encoder(FPS[0], 160)
    other = video_track("v180", bytes(codec.extradata or b""), grid, 160, HEIGHT, FPS[0], 400_000, 800_000)
    seen = segments(video)
    cut = Clip(str(tmp_path / "clip.mp4"), Fraction(START_S), Fraction(START_S + 8))
    cut.open([(video.track, seen[START_S // 2])])
    cut.add(video.track, seen[START_S // 2])
    with pytest.raises(Unclippable, match=r"v180 changes its form at .* UTC: make a clip before it"):
        cut.add(Track(**{name: getattr(other, name) for name in Track.__slots__}), seen[START_S // 2 + 1])
