"""What holds for every test."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

NUMBERS = itertools.count()  # pytest's own way looks at all folders there are before it makes one: thousands, here


@pytest.fixture(autouse=True, scope="session")
def kept_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is started for several modules writes nothing where this user's own events do."""
    home = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(a_folder(home)))
        yield home


@pytest.fixture(autouse=True, scope="module")
def kept_apart_by_module(kept_away: Path) -> Iterator[None]:
    """What events write down goes to a folder of the tests' own, and no event goes on where another's left off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(a_folder(kept_away)))
        yield


@pytest.fixture(autouse=True)
def kept_apart(kept_away: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for what one test starts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(a_folder(kept_away)))


def a_folder(home: Path) -> Path:
    """A new one."""
    folder = home / str(next(NUMBERS))
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def ordinary_scheduling() -> Iterator[None]:
    """A library that makes this process a real-time one (SVT-AV1 does, for root) would starve all that it starts."""
    yield
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        pytest.fail("this test left the process with real-time priority")
