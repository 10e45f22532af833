"""What an AAC sequence header announces."""

import pytest
from rtmp_coder import tone

from ringside.flow.capture.coded.aac import announced


@pytest.mark.parametrize(("rate", "layout"), [(48000, "stereo"), (44100, "mono"), (32000, "stereo"), (48000, "5.1")])
def test_what_a_real_encoder_announces_is_read(rate: int, layout: str) -> None:
    assert announced(tone(rate, layout, 1)[0]) == (rate, layout)


def test_an_explicit_rate_and_an_escaped_object_type_are_read() -> None:
    explicit = (2 << 59 | 15 << 55 | 12345 << 31 | 1 << 27).to_bytes(8)
    assert announced(explicit) == (12345, "mono")
    escaped = (31 << 59 | 10 << 53 | 3 << 49 | 2 << 45).to_bytes(8)
    assert announced(escaped) == (48000, "stereo")


@pytest.mark.parametrize("config", [b"", b"\x16\xf8", b"\xff"])
def test_a_header_that_says_nothing_useful_is_no_error(config: bytes) -> None:
    assert announced(config)[1] == ""
