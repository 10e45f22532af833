"""`ringside clip` and `ringside replay --list` on an archive with a hole in it, but for the process around them."""

import os
from fractions import Fraction
from pathlib import Path

import pytest
from tests.marked_film import START_S, archived, pictures, sound, strips

from ringside.cli import clip, replay
from ringside.core.errors import RingsideError

SECONDS, FPS = 20, Fraction(25)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    archived(folder, [pictures(FPS, SECONDS), sound(SECONDS)], missing=(4, 5))
    return folder


def cut(archive: Path, out: Path, start: str, end: str, event: str = "main", **more: object) -> clip.Wish:
    wish = clip.Wish(event, start, end, out, str(archive), **more)  # type: ignore[arg-type]
    clip.run(wish)
    return wish


def test_a_clip_across_the_hole_says_so(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "hole.mp4"
    cut(archive, out, "7", "13")
    assert "4 s of it were not recorded" in capsys.readouterr().err
    assert strips(out) == [START_S * 1000 + ms for ms in (*range(7000, 8000, 40), *range(12_000, 13_000, 40))]
    assert list(tmp_path.iterdir()) == [out]


def test_a_clip_of_sound_alone_is_one(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut(archive, tmp_path / "sound.mp4", "1", "2", track="a")
    assert "1.003 s, 47 frames" in capsys.readouterr().out


def test_a_file_that_is_there_is_written_over_only_when_told_so(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(RingsideError, match=r"--out: .* is there already; --force writes over it"):
        cut(archive, out, "1", "2")
    assert out.read_bytes() == b"mine"
    cut(archive, out, "1", "2", force=True)
    assert len(strips(out)) == 25


@pytest.mark.parametrize(
    ("start", "end", "more", "sentence"),
    [
        ("9:99:99", "2", {}, "--from: '9:99:99' is no time; write it as"),
        ("2", "1", {}, "--to: 1 is not after --from 2"),
        ("100", "110", {}, "--from: main was recorded from 2026-11-18 11:06:40.000 UTC to 2026-11-18 11:07:00.000 UTC"),
        ("8.5", "11.5", {}, "nothing was recorded in this stretch"),
        ("1", "2", {"event": "other"}, "nothing of event other"),
        ("1", "2", {"track": "v9"}, "--track: there is no v9; there are a, v180"),
        ("1", "2", {"session": "20200101T000000.000Z"}, "has no main/20200101T000000.000Z/index.json"),
    ],
)
def test_what_cannot_be_cut_is_a_sentence_and_leaves_no_file(
    archive: Path, tmp_path: Path, start: str, end: str, more: dict[str, str], sentence: str
) -> None:
    with pytest.raises(RingsideError) as told:
        cut(archive, tmp_path / "x.mp4", start, end, **more)
    assert sentence in str(told.value)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there_is_named_as_it_was_given(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(RingsideError, match=r"no/x.mp4 cannot be written: No such file or directory"):
        cut(archive, tmp_path / "no" / "x.mp4", "1", "2")


def test_an_archive_that_is_damaged_is_told_of_by_name(archive: Path, tmp_path: Path) -> None:
    archived(tmp_path / "archive", [pictures(FPS, SECONDS)])
    (index,) = (tmp_path / "archive").rglob("index.json")
    index.write_text("{")
    with pytest.raises(RingsideError, match=r"main/.*/index.json is no index of an archive"):
        cut(tmp_path / "archive", tmp_path / "x.mp4", "1", "2")


def test_what_there_is_is_listed(archive: Path, tmp_path: Path) -> None:
    listed = replay.listing(str(archive), "")
    assert listed.split("  ")[0] == "main"
    assert all(word in listed for word in ("20 s", "ended", "2026-11-18 11:06", "The film"))
    with pytest.raises(RingsideError, match="has no events in it"):
        replay.listing(str(tmp_path), "")
    with pytest.raises(RingsideError, match="has nothing of event other"):
        replay.listing(str(archive), "other")
