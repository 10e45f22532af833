"""Folders that servers which give up their rights can read."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_folder() -> Iterator[Path]:
    """An empty folder that anybody may read."""
    with tempfile.TemporaryDirectory(prefix="ringside-front-") as folder:
        yield Path(folder)
