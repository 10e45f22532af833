from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.flow.encode import Config, Rung, event_fps, fit
from ringside.flow.encode.ladder import default_ladder, too_large

SOURCES = [
    ((1920, 1080), [("v1080", 1920, 1080), ("v720", 1280, 720), ("v480", 854, 480), ("v360", 640, 360)]),
    ((3840, 2160), [("v1080", 1920, 1080), ("v720", 1280, 720), ("v480", 854, 480), ("v360", 640, 360)]),
    ((1280, 720), [("v720", 1280, 720), ("v480", 854, 480), ("v360", 640, 360)]),
    ((888, 500), [("v480", 852, 480), ("v360", 640, 360)]),
    ((720, 576), [("v480", 600, 480), ("v360", 450, 360)]),
    ((720, 1280), [("v720", 720, 1280), ("v480", 480, 854), ("v360", 360, 640)]),
    ((533, 300), [("v300", 532, 300)]),
    ((321, 241), [("v240", 320, 240)]),
]


@pytest.mark.parametrize(("size", "expected"), SOURCES, ids=[f"{w}x{h}" for (w, h), _ in SOURCES])
def test_the_default_ladder_follows_the_source(size: tuple[int, int], expected: list[tuple[str, int, int]]) -> None:
    assert [(r.track, r.width, r.height) for r in fit(Config(), *size)] == expected


def test_the_default_bitrates_are_those_of_the_event_format() -> None:
    assert [r.bitrate_bps for r in default_ladder(1920, 1080)] == [5_000_000, 2_800_000, 1_200_000, 600_000]


@given(st.integers(64, 4000), st.integers(64, 4000))
def test_no_rung_is_larger_than_the_source_nor_odd_nor_out_of_shape(width: int, height: int) -> None:
    rungs = default_ladder(width, height)
    assert rungs
    for rung in rungs:
        assert rung.width <= width
        assert rung.height <= height
        assert rung.width % 2 == rung.height % 2 == 0
        assert abs(rung.width * height - rung.height * width) <= 2 * max(width, height)
    assert sorted((r.pixels for r in rungs), reverse=True) == [r.pixels for r in rungs]


def test_a_written_ladder_takes_its_widths_from_the_source_and_is_never_upscaled() -> None:
    config = Config(
        ladder=(
            Rung(height=360, bitrate_bps=500_000),
            Rung(height=1080, bitrate_bps=5_000_000),
            Rung(height=540, bitrate_bps=1_500_000, name="middle"),
        )
    )
    rungs = fit(config, 960, 720)
    assert [(r.track, r.width, r.height) for r in rungs] == [("middle", 720, 540), ("v360", 480, 360)]
    assert too_large(config, rungs) == ("v1080",)


def test_a_ladder_of_rungs_all_too_large_becomes_one_at_the_sources_size() -> None:
    config = Config(ladder=(Rung(height=1080, bitrate_bps=5_000_000), Rung(height=720, bitrate_bps=2_000_000)))
    (rung,) = fit(config, 641, 361)
    assert (rung.track, rung.width, rung.height, rung.bitrate_bps) == ("v720", 640, 360, 2_000_000)


@pytest.mark.parametrize(
    ("source", "event"),
    [
        (Fraction(25), Fraction(25)),
        (Fraction(2997, 100), Fraction(30000, 1001)),
        (Fraction(30), Fraction(30)),
        (Fraction(144), Fraction(60)),
        (Fraction(1000, 17), Fraction(60000, 1001)),
        (None, Fraction(30)),
        (Fraction(0), Fraction(30)),
    ],
)
def test_the_event_takes_the_standard_rate_nearest_to_the_source(source: Fraction | None, event: Fraction) -> None:
    assert event_fps(Config(), source) == event


def test_a_written_rate_wins_over_the_source() -> None:
    assert event_fps(Config(fps=Fraction(50)), Fraction(25)) == 50
