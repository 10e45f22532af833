"""What a picture shows and a sound holds: black, still, silent; and what only looks like it."""

from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
import pytest
from films import FPS, SIZE, encoded, natural, pan, picture

from ringside.flow.capture.inputs.look import Eye, Sight, is_silent
from ringside.flow.capture.testcard import TestCard

S = 1_000_000_000
FREEZE_S, SEGMENT_S = 1.5, 2.0


def stillness(pictures: Iterable[tuple[int, av.VideoFrame]]) -> list[float]:
    """For how long nothing had moved, at each picture, in seconds."""
    eye = Eye()
    return [(at - eye.see(frame, at).still_ns) / S for at, frame in pictures]


def test_a_picture_that_repeats_stands_still_from_its_first_showing() -> None:
    eye, same = Eye(), picture(100 + 20 * natural()[:180, :320])
    eye.see(picture(natural()[:180, :320] * 9 + 60), 0)
    assert [eye.see(same, at * S) for at in (1, 2, 3)] == [Sight(None, S)] * 3


@pytest.mark.parametrize("mean", [110, 28])
def test_a_picture_frozen_before_it_was_encoded_is_found_within_a_segment(mean: float) -> None:
    contrast = 35 if mean > 50 else 4
    still = stillness(encoded(pan(mean, contrast, 40, until=2 * FPS), 6))
    assert max(still[: 2 * FPS]) < 0.3
    frozen = [k for k, lasted in enumerate(still) if lasted >= FREEZE_S]
    assert frozen[0] / FPS - 2 <= SEGMENT_S
    assert frozen == list(range(frozen[0], len(still)))  # key pictures do not bring it back to life


@pytest.mark.parametrize(
    ("mean", "contrast", "pixels_per_s"), [(110, 35, 1), (28, 4, 3), (21, 2, 4)], ids=["slow", "dark", "darkest"]
)
def test_a_slow_picture_is_not_taken_for_a_frozen_one(mean: float, contrast: float, pixels_per_s: float) -> None:
    assert max(stillness(encoded(pan(mean, contrast, pixels_per_s), 5))) < FREEZE_S - 0.3


def test_light_that_fades_in_the_dark_moves() -> None:
    scene = 20 + 3 * np.sin(np.arange(320) / 50)[None, :].repeat(180, axis=0)
    assert max(stillness(encoded(lambda k: scene + 0.5 * k / FPS, 5))) < FREEZE_S - 0.3


def test_a_digit_that_changes_once_a_second_keeps_a_still_scene_alive() -> None:
    scene = 90 + 25 * natural()[:180, :320]

    def luma(k: int) -> np.ndarray:
        shown = scene.copy()
        shown[10:24, 10:20] = 220 if k // FPS % 2 else 30
        return shown

    assert max(stillness(encoded(luma, 5))) <= 1.0


def test_the_noise_of_a_camera_that_shows_a_still_scene_is_life() -> None:
    rng, scene = np.random.default_rng(7), 60 + 10 * natural()[:180, :320]
    still = stillness((k * S // FPS, picture(scene + rng.normal(0, 1.5, scene.shape))) for k in range(4 * FPS))
    assert max(still) < FREEZE_S
    assert max(still[2 * FPS :]) == 0


def test_the_test_card_never_stands_still() -> None:
    card = TestCard(*SIZE, Fraction(FPS))
    assert max(stillness((k * S // FPS, card.draw(1_800_000_000 * S + k * S // FPS)) for k in range(3 * FPS))) < 0.1


def black_since(luma: np.ndarray | float, level: int = 24) -> int | None:
    return Eye(level).see(picture(luma), 5).black_ns


def test_a_picture_is_black_when_hardly_a_point_is_lighter_than_the_level() -> None:
    noise = np.random.default_rng(3).normal(0, 1.5, (180, 320))
    assert black_since(16) == 5
    assert black_since(17 + noise) == 5
    assert black_since(30) is None
    assert black_since(30, level=32) == 5
    night = np.full((180, 320), 17.0)
    night[20:26, 40:60] = 60  # a lit window
    assert black_since(night) is None


def test_since_when_it_is_black_is_told_until_it_is_lit_again() -> None:
    eye = Eye()
    lit, dark = picture(80), picture(16)
    seen = [eye.see(shown, at * S).black_ns for at, shown in enumerate([lit, dark, dark, lit, dark])]
    assert seen == [None, S, S, None, 4 * S]


@pytest.mark.parametrize(
    "form", ["yuv420p", "yuvj420p", "yuv422p10le", "yuv444p", "nv12", "gray", "rgb24", "gbrp", "p010le", "yuv420p12le"]
)
def test_every_format_is_looked_at(form: str) -> None:
    black, grey = (picture(luma).reformat(format=form) for luma in (16, 120))
    moved = picture(np.where(np.arange(320)[None, :].repeat(180, 0) < 160, 60, 180)).reformat(format=form)
    eye = Eye()
    assert eye.see(black, 0) == Sight(0, 0)
    assert eye.see(grey, S) == Sight(None, S)
    assert eye.see(grey, 2 * S) == Sight(None, S)
    assert eye.see(moved, 3 * S) == Sight(None, 3 * S)


def test_of_a_format_without_luma_nothing_is_said_to_be_black() -> None:
    frame = av.VideoFrame(8, 8, "pal8")
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    assert Eye().see(frame, 0).black_ns is None


@pytest.mark.parametrize("size", [(2, 2), (1, 1), (16, 4), (1918, 1078)])
def test_every_size_is_looked_at(size: tuple[int, int]) -> None:
    eye = Eye()
    for at, luma in enumerate((16, 16, 200)):
        frame = av.VideoFrame.from_ndarray(np.full((size[1], size[0]), luma, np.uint8), "gray")
        sight = eye.see(frame, at)
    assert sight.still_ns == 2


def test_another_size_is_another_picture() -> None:
    eye = Eye()
    eye.see(picture(50), 0)
    assert eye.see(picture(50, (640, 360)), S).still_ns == S


def test_sound_is_silent_below_sixty_decibels() -> None:
    tone = np.sin(np.arange(2048) / 9).reshape(2, 1024).astype(np.float32)
    assert is_silent(tone * 0.0009)
    assert not is_silent(tone * 0.002)
    assert not is_silent(np.minimum(tone, 0) * 0.002)
    assert is_silent(np.zeros((2, 0), np.float32))
