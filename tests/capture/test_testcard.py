"""The test card and the slate: what they show and sound at an instant."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from recorder import first_beep, read_strip

from ringside.flow.capture import beep, glyphs
from ringside.flow.capture.clockface import reading
from ringside.flow.capture.drawn import SAMPLE_RATE
from ringside.flow.capture.paint import planes
from ringside.flow.capture.slate import Slate
from ringside.flow.capture.testcard import TestCard

S = 1_800_000_000
SIZES = [(1280, 720), (640, 360), (1920, 1080), (720, 1280), (854, 480), (128, 72), (64, 64)]


@pytest.fixture(scope="module")
def card() -> TestCard:
    return TestCard(640, 360, Fraction(30), "The final")


def luma(card: TestCard | Slate, ns: int) -> np.ndarray:
    return planes(card.draw(ns))[0].astype(int)


@pytest.mark.parametrize("size", SIZES)
def test_any_size_is_drawn_with_its_strip(size: tuple[int, int]) -> None:
    frame = TestCard(*size, Fraction(25)).draw(S * 10**9 + 40_000_000)
    assert (frame.width, frame.height, frame.format.name) == (*size, "yuv420p")
    assert read_strip(frame) == S * 1000 + 40


def test_the_flash_fills_the_first_tenth_of_each_second(card: TestCard) -> None:
    lit = [int(luma(card, S * 10**9 + ms * 10**6)[128, 570]) > 200 for ms in range(0, 2000, 20)]
    assert lit == [ms % 1000 < 100 for ms in range(0, 2000, 20)]


def test_the_ball_crosses_at_constant_speed(card: TestCard) -> None:
    def ball(ms: int) -> float:
        frame = card.draw(S * 10**9 + ms * 10**6)
        row = planes(frame)[2][planes(frame)[2].shape[0] * 323 // 360].astype(int)  # its colour stands out in V
        return float(np.flatnonzero(row > 140).mean()) * 2

    at = [ball(ms) for ms in range(200, 1800, 100)]
    steps = np.diff(at)
    assert steps.mean() == pytest.approx(28, abs=1)
    assert np.abs(steps - steps.mean()).max() <= 2.5


def test_every_picture_differs_from_the_one_before(card: TestCard) -> None:
    pictures = [luma(card, S * 10**9 + k * 20_000_000)[:330] for k in range(50)]
    assert all((a != b).any() for a, b in pairwise(pictures))


def test_the_same_instant_gives_the_same_picture(card: TestCard) -> None:
    assert (luma(card, S * 10**9 + 123_000_000) == luma(card, S * 10**9 + 123_000_000)).all()


def test_the_clock_is_utc_to_the_millisecond() -> None:
    assert reading(S * 10**9 + 7_999_999, to_ms=True) == "08:00:00.007"
    assert reading(S * 10**9 - 1, to_ms=False) == "07:59:59"


def test_the_beep_starts_on_the_second_and_lasts_a_tenth() -> None:
    sound = np.concatenate([beep.beeps(S * SAMPLE_RATE - 4800 + k * 1024, 1024) for k in range(60)], axis=1)
    loud = np.flatnonzero(sound[0])
    assert loud[0] - 4800 in range(3)
    assert 4790 <= loud[loud < 20_000][-1] - 4800 < 4800
    second = loud[loud > 20_000][0]
    assert second - 52_800 in range(3)
    assert np.abs(sound).max() == pytest.approx(10 ** (-18 / 20), rel=0.01)
    assert (sound[0] == sound[1]).all()


def test_the_beep_is_one_kilohertz_without_clicks() -> None:
    tone = beep.beeps(S * SAMPLE_RATE, 4800)[0]
    assert int(np.abs(np.fft.rfft(tone)).argmax()) * 10 == 1000
    assert np.abs(np.diff(tone)).max() < 0.02
    assert first_beep(tone[None]) < 100


def test_the_slate_is_alive_and_silent() -> None:
    slate = Slate(640, 360, "The final")
    pictures = [luma(slate, S * 10**9 + k * 200_000_000) for k in range(10)]
    assert all((a != b).any() for a, b in pairwise(pictures))
    assert not slate.sound(0, 1024).any()


@pytest.mark.parametrize("size", SIZES)
def test_the_slate_comes_in_any_size(size: tuple[int, int]) -> None:
    frame = Slate(*size, "A title that is far too long for a picture this small, and then some").draw(S * 10**9)
    assert (frame.width, frame.height) == size


def test_every_letter_has_its_own_shape() -> None:
    letters = [chr(code) for code in range(33, 127) if chr(code) not in "$*<>@[\\]^`{}~"]
    shapes = {glyphs.mask(letter, 40).tobytes() for letter in letters}
    assert len(shapes) == len(letters)


@pytest.mark.parametrize(("text", "written"), [("Grüße", "Grusse"), ("Ærø", "AEro"), ("«", "«")])
def test_accents_fall_away_and_nothing_fails(text: str, written: str) -> None:
    assert glyphs.plain(text) == written
    assert glyphs.mask(text, 20).max() == 1
