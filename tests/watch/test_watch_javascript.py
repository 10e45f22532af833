"""The pages' pure modules, tested by Node's own runner."""

import subprocess
from pathlib import Path

import pytest

TESTS = sorted((Path(__file__).parent / "js").glob("*.test.js"))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_the_modules_keep_their_word(node: Path, file: Path) -> None:
    done = subprocess.run([str(node), str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "# tests 0" not in done.stdout
