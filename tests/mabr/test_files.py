"""The files of a sender: its keys stay the same, nobody else reads them, and what cannot be is said in a sentence."""

import stat
from pathlib import Path

import pytest

from ringside.core.errors import Misconfigured
from ringside.flow.relay.sender.files import keys_beside, write


def test_keys_are_made_once_and_are_for_the_user_alone(tmp_path: Path) -> None:
    description = tmp_path / "stadium.xml"
    first = keys_beside(description)
    assert keys_beside(description) == first
    assert stat.S_IMODE((tmp_path / "stadium.xml.key").stat().st_mode) == 0o600
    assert keys_beside(tmp_path / "office.xml") != first


def test_a_description_is_replaced_whole_and_is_for_the_user_alone(tmp_path: Path) -> None:
    description = tmp_path / "stadium.xml"
    write(description, b"old")
    write(description, b"new")
    assert description.read_bytes() == b"new"
    assert stat.S_IMODE(description.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["stadium.xml"]


def test_a_key_file_that_is_none_is_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "s.xml.key").write_text("my diary")
    with pytest.raises(Misconfigured, match=r"s\.xml\.key: the key file cannot be read"):
        keys_beside(tmp_path / "s.xml")
    assert (tmp_path / "s.xml.key").read_text() == "my diary"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"none/s\.xml cannot be written: No such file or directory"):
        write(tmp_path / "none" / "s.xml", b"")
    with pytest.raises(Misconfigured, match="cannot be written"):
        keys_beside(tmp_path / "none" / "s.xml")


def test_a_description_that_is_a_folder_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "s.xml" / "full").mkdir(parents=True)
    with pytest.raises(Misconfigured, match=r"s\.xml cannot be written"):
        write(tmp_path / "s.xml", b"")
    (tmp_path / "d.key").mkdir()
    with pytest.raises(Misconfigured, match="cannot be read: Is a directory"):
        keys_beside(tmp_path / "d")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["d.key", "s.xml"]
