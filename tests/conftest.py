"""What holds for every test."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def kept_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is started for several modules writes nothing where this user's own events do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True, scope="module")
def kept_apart_by_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What events write down goes to a folder of the tests' own, and no event goes on where another's left off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def kept_apart(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for what one test starts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(autouse=True)
def ordinary_scheduling() -> Iterator[None]:
    """A library that makes this process a real-time one (SVT-AV1 does, for root) would starve all that it starts."""
    yield
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        pytest.fail("this test left the process with real-time priority")
