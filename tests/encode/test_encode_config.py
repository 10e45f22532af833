from fractions import Fraction
from typing import Any

import pytest

from ringside.core.errors import Misconfigured
from ringside.flow.encode import Config, Rung

RUNG = {"height": 480, "bitrate_bps": 1_200_000}

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"ladder": [RUNG, {"height": 481, "bitrate_bps": 600_000}]}, "encode.ladder[1].height: 481 is odd"),
    ({"ladder": [{**RUNG, "width": 853}]}, "encode.ladder[0].width: 853 is odd"),
    ({"ladder": [{"height": 480}]}, "encode.ladder[0].bitrate_bps: is missing"),
    ({"ladder": [{**RUNG, "bitrate": 5}]}, "encode.ladder[0].bitrate: there is no such field"),
    ({"ladder": [RUNG, RUNG]}, "encode.ladder[1].name: 'v480' is already the name of ladder[0]"),
    ({"ladder": [{**RUNG, "name": "a"}]}, "encode.ladder[0].name: 'a' is the audio track's name"),
    ({"ladder": [{**RUNG, "name": "../x"}]}, "encode.ladder[0].name: '../x' is not lower-case letters"),
    ({"ladder": [{"height": 480, "bitrate_bps": "lots"}]}, "encode.ladder[0].bitrate_bps: "),
    ({"fps": "fast"}, "encode.fps: 'fast' is neither a number, a fraction like '30000/1001' nor 'auto'"),
    ({"fps": "30/0"}, "encode.fps: '30/0' is neither"),
    ({"fps": 400}, "encode.fps: 400 is not between 1 and 120 frames a second"),
    ({"fps": True}, "encode.fps: True is neither a number nor 'auto'"),
    ({"effort": "placebo"}, "encode.effort: "),
    ({"keyframe_s": 0}, "encode.keyframe_s: "),
    ({"audio_bps": 5}, "encode.audio_bps: "),
    ({"gop": 3}, "encode.gop: there is no such field"),
]


@pytest.mark.parametrize(("data", "sentence"), WRONG, ids=[s for _, s in WRONG])
def test_a_wrong_field_is_named_in_one_sentence(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Config.load(data)
    said = str(caught.value)
    assert said.startswith(sentence)
    assert "\n" not in said
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (25, Fraction(25)),
        (29.97, Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        (23.976, Fraction(24000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        (12.5, Fraction(25, 2)),
        ("auto", "auto"),
    ],
)
def test_frame_rates_are_exact_fractions(written: object, meant: object) -> None:
    assert Config.load({"fps": written}).fps == meant


def test_a_rung_is_named_after_its_short_side() -> None:
    assert Rung(height=720, width=1280, bitrate_bps=1_000_000).track == "v720"
    assert Rung(height=1280, width=720, bitrate_bps=1_000_000).track == "v720"
    assert Rung(height=720, bitrate_bps=1_000_000, name="main").track == "main"


def test_the_declared_peak_is_what_the_buffer_allows_in_one_segment() -> None:
    config = Config(peak_ratio=1.1, buffer_s=0.6)
    assert config.bandwidth_bps(1_000_000, Fraction(2)) == 1_400_000
    assert config.bandwidth_bps(1_000_000, Fraction(1)) == 1_700_000
