"""One small real event, shared by all the fronts that are put before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Running, ringside, until
from tests.small_event import SMALL


@pytest.fixture(scope="package")
def event(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = Path(tmp_path_factory.mktemp("behind"))
    (folder / "event.toml").write_text(SMALL)
    with ringside(folder, "live", "testcard", "--event", str(folder / "event.toml")) as running:
        until(lambda: running.on_air("v180").playlist("v180").count("#EXTINF") >= 3, "three segments are complete")
        yield running
