import shutil
from collections.abc import Callable

import box_streams
import pytest
from hypothesis import settings

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[[str], bytes]:
    """`ffmpeg(options)`: what FFmpeg writes for the test's picture and tone."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is missing")
    return box_streams.ffmpeg
