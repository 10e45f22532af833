import pytest
from hypothesis import settings
from mux_encoders import Encoded, encode_audio, encode_video

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def video() -> Encoded:
    return encode_video()


@pytest.fixture(scope="session")
def audio() -> Encoded:
    return encode_audio()
