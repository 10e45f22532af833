"""Clips: exact to the frame by the strip on the picture, exact to the sample by the sound, as ffmpeg shows them."""

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.marked_film import START_S, encoder, header, pictures, sound, strips

from ringside.core.boxes.box import boxes
from ringside.flow.mux.clip import Clip, Made, Unclippable

pytestmark = [pytest.mark.peer, pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing")]
FPS = [Fraction(30), Fraction(30000, 1001), Fraction(25)]


def clip(path: Path, fps: Fraction, start_s: Fraction, end_s: Fraction, without: frozenset[int] = frozenset()) -> Made:
    video, audio = pictures(fps), sound()
    seen, heard = video.segments, audio.segments
    cut = Clip(str(path), start_s, end_s)
    first = min(seen)
    cut.open([(video.track, seen[first]), (audio.track, heard[first])])
    for number in sorted(seen.keys() - without):
        cut.add(video.track, seen[number])
        if number in heard:
            cut.add(audio.track, heard[number])
    return cut.close()


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
    whole.write_bytes(sound().track.init + b"".join(sound().segments.values()))
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
    video, codec = pictures(FPS[0]), encoder(FPS[0], 160)
    other, seen = header(codec, FPS[0]), video.segments
    cut = Clip(str(tmp_path / "clip.mp4"), Fraction(START_S), Fraction(START_S + 8))
    cut.open([(video.track, seen[START_S // 2])])
    cut.add(video.track, seen[START_S // 2])
    with pytest.raises(Unclippable, match=r"v180 changes its form at .* UTC: make a clip before it"):
        cut.add(other, seen[START_S // 2 + 1])
