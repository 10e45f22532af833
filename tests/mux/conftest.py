import pytest
from mux_encoders import Encoded, encode_audio, encode_video


@pytest.fixture(scope="session")
def video() -> Encoded:
    return encode_video()


@pytest.fixture(scope="session")
def audio() -> Encoded:
    return encode_audio()
