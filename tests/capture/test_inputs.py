"""Several inputs of one programme: what is on the air when one is lost, black, frozen or silent; on simulated time."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest
from films import natural, pan, picture

from ringside.core.clock import Simulated
from ringside.core.media import Grid
from ringside.flow.capture import Config
from ringside.flow.capture.paint import planes
from ringside.flow.capture.programme import Programme
from ringside.flow.capture.testcard import TestCard

MS = 1_000_000
S = 1_000_000_000
UTC = 1_800_000_000 * S
SIZE = (160, 90)
FPS = 25
VIDEO, AUDIO = Grid.video(Fraction(FPS)), Grid.audio()
MAIN, VAN = {"url": "rtmp://127.0.0.1:1/live"}, {"url": "rtmp://127.0.0.1:2/live", "name": "van"}
SCENE = natural()[:90, :160]

Shot = Callable[[float], av.VideoFrame | None]  # at a second of the scene; None: nothing comes


@cache
def scene(mean: float, bar: int | None = None) -> av.VideoFrame:
    """A grey scene, with a light bar somewhere in it."""
    shown = mean + 12 * SCENE
    if bar is not None:
        shown[:, bar : bar + 10] += 60
    return picture(shown, SIZE)


class Camera:
    """One input's sender: what it shows and how loud it is, until told otherwise."""

    def __init__(self, mean: float, tone_hz: float) -> None:
        self.mean, self.tone_hz = mean, tone_hz
        self.volume = 0.5
        self.shot: Shot = self.moving

    def moving(self, at_s: float) -> av.VideoFrame:
        return scene(self.mean, int(at_s * 40) % 140)

    def black(self, at_s: float) -> av.VideoFrame:
        return picture(16, SIZE)

    def still(self, at_s: float) -> av.VideoFrame:
        return scene(self.mean)

    def gone(self, at_s: float) -> None:
        return None

    def tone(self, first: int) -> av.AudioFrame:
        wave = self.volume * np.sin(2 * np.pi * self.tone_hz * (first + np.arange(1024)) / 48_000)
        frame = av.AudioFrame.from_ndarray(np.tile(wave, (2, 1)).astype(np.float32), "fltp", "stereo")
        frame.sample_rate = 48_000
        return frame


class Gallery:
    """A programme with two cameras, main (dark grey, 300 Hz) and van (light grey, 2 kHz), and its clock."""

    def __init__(self, **watch: float) -> None:
        self.clock = Simulated(UTC)
        config = Config.model_validate({**MAIN, "backup": [VAN], "watch": watch})
        self.programme = Programme(config, self.clock, VIDEO, AUDIO, *SIZE)
        self.cameras = (Camera(60, 300), Camera(140, 2000))
        self.main, self.van = self.cameras
        self.index, self.block = VIDEO.index_at(UTC) + 1, AUDIO.index_at(UTC) + 1
        self.sound = np.zeros((2, 0), np.float32)
        self.open: set[int] = set()

    def play(self, seconds: float) -> list[str]:
        """What was on the air at each frame of the next so many seconds: main, van or slate, by its looks."""
        seen = []
        end_ns = self.clock.now_ns() + round(seconds * S)
        while (time_ns := VIDEO.start_ns(self.index)) <= end_ns:
            self.clock.advance_ns(max(0, time_ns - self.clock.now_ns()))
            for at, camera in enumerate(self.cameras):
                self._send(at, camera, time_ns)
            shown = self.programme.picture(self.index)
            mean = float(planes(shown)[0][::8, ::8].mean())
            seen.append(self.programme.status()["on_air"])
            assert seen[-1] != "van" or mean > 100 or self.van.shot == self.van.black
            self.index += 1
            while AUDIO.start_ns(self.block + 3) <= time_ns:
                self.sound = np.concatenate([self.sound, self.programme.sound(self.block)], axis=1)
                self.block += 1
        return seen

    def _send(self, at: int, camera: Camera, time_ns: int) -> None:
        sink, at_s = self.programme.sinks[at], (time_ns - UTC) / S
        shown = camera.shot(at_s)
        if shown is None:
            return
        if at not in self.open:
            sink.opened("a camera")
            self.open.add(at)
        sink.video(shown, time_ns - UTC, time_ns)
        for block in range(AUDIO.index_at(time_ns - S // FPS) + 1, AUDIO.index_at(time_ns) + 1):
            sink.audio(camera.tone(block * 1024), AUDIO.start_ns(block) - UTC, time_ns)

    def pitch(self, last_s: float = 0.5) -> float:
        """The loudest frequency of the last sound, Hz; 0 where there is silence."""
        heard = self.sound[0, -int(last_s * 48_000) :]
        return 0.0 if np.abs(heard).max() < 0.01 else float(np.abs(np.fft.rfft(heard)).argmax() / last_s)

    def faults(self) -> list[list[str]]:
        return [row["faults"] for row in self.programme.status()["inputs"]]


@pytest.fixture
def gallery() -> Gallery:
    made = Gallery()
    assert made.play(2)[-1] == "main"
    return made


def after_s(seen: list[str], name: str) -> float:
    """When `name` came on the air, in seconds."""
    return seen.index(name) / FPS


def test_a_lost_input_is_left_within_half_a_second_and_sound_goes_with_the_picture(gallery: Gallery) -> None:
    gallery.play(0.5)
    assert gallery.pitch(0.3) == pytest.approx(300, abs=4)
    gallery.main.shot = gallery.main.gone
    seen = gallery.play(1.5)
    assert after_s(seen, "van") <= 0.5
    assert set(seen[seen.index("van") :]) == {"van"}
    assert gallery.pitch() == pytest.approx(2000, abs=4)
    assert gallery.faults() == [["lost"], []]


@pytest.mark.parametrize(("fault", "shot"), [("black", "black"), ("frozen", "still")])
def test_a_black_or_frozen_input_is_left_within_a_segment(gallery: Gallery, fault: str, shot: str) -> None:
    gallery.main.shot = getattr(gallery.main, shot)
    seen = gallery.play(2)
    assert "slate" not in seen
    assert 1 < after_s(seen, "van") < 2
    gallery.play(1)
    assert fault in gallery.faults()[0]
    rows = gallery.programme.status()["inputs"]
    assert [(row["name"], row["state"]) for row in rows] == [("main", "ready"), ("van", "on_air")]


def test_the_preferred_input_returns_when_it_has_been_well_for_three_seconds(gallery: Gallery) -> None:
    gallery.main.shot = gallery.main.black
    gallery.play(3)
    gallery.main.shot = gallery.main.moving
    seen = gallery.play(4)
    assert after_s(seen, "main") == pytest.approx(3, abs=0.1)
    assert gallery.programme.status()["switches"] == 2


def test_a_silent_input_is_left_for_one_with_sound_after_ten_seconds(gallery: Gallery) -> None:
    gallery.main.volume = 0
    seen = gallery.play(11)
    assert after_s(seen, "van") == pytest.approx(10, abs=0.2)
    assert gallery.faults()[0] == ["silent"]


def test_with_both_at_fault_the_better_one_stays_and_with_both_gone_the_slate_comes(gallery: Gallery) -> None:
    gallery.van.shot = gallery.van.black
    gallery.play(2)
    gallery.main.shot = gallery.main.still
    assert set(gallery.play(4)) == {"main"}
    assert all(gallery.faults())
    gallery.main.shot, gallery.van.shot = gallery.main.gone, gallery.van.gone
    seen = gallery.play(1)
    assert seen[-1] == "slate"
    assert gallery.pitch(0.2) == 0
    gallery.van.shot = gallery.van.moving
    assert after_s(gallery.play(1), "van") <= 0.5


def test_the_operator_has_the_last_word(gallery: Gallery) -> None:
    assert gallery.programme.force("van")
    assert set(gallery.play(0.5)) == {"van"}
    gallery.van.shot = gallery.van.black
    assert set(gallery.play(3)) == {"van"}
    assert gallery.programme.status()["forced"] == "van"
    assert gallery.programme.force(None)
    assert set(gallery.play(0.5)) == {"main"}
    assert not gallery.programme.force("nobody")


def test_what_is_wrong_with_a_frame_is_known_to_who_packages_it(gallery: Gallery) -> None:
    gallery.van.shot, gallery.main.shot = gallery.van.gone, gallery.main.black
    gallery.play(2.5)
    programme, last = gallery.programme, gallery.index - 1
    assert (programme.defect(last), programme.defect(last - 50), programme.defect(last - 5000)) == ("black", "", "")
    gallery.main.shot = gallery.main.still
    gallery.play(2.5)
    assert programme.defect(gallery.index - 1) == "frozen"
    assert programme.defect(gallery.block - 1, "audio") == ""
    gallery.main.shot = gallery.main.gone
    gallery.play(1)
    assert programme.defect(gallery.index - 1) == "slate"
    assert programme.defect(gallery.block - 1, "audio") == "slate"


def test_a_switch_of_sound_has_no_click(gallery: Gallery) -> None:
    gallery.main.tone_hz = gallery.van.tone_hz = 50
    gallery.van.volume = 0.1
    gallery.play(2)
    gallery.programme.force("van")
    gallery.play(1)
    heard = gallery.sound[0, -72_000:]
    assert (np.abs(heard[:4800]).max(), np.abs(heard[-4800:]).max()) == pytest.approx((0.5, 0.1), abs=0.01)
    steps = np.abs(np.diff(heard))
    assert steps.max() < 2 * 0.5 * 2 * np.pi * 50 / 48_000


def test_an_input_that_is_not_on_the_air_loses_nothing_for_that(gallery: Gallery) -> None:
    gallery.play(15)  # longer than any buffer
    gallery.programme.force("van")
    gallery.play(1)
    assert gallery.pitch() == pytest.approx(2000, abs=4)
    van = gallery.programme.status()["inputs"][1]
    assert (van["drops"], van["late_samples"], van["discontinuities"]) == (0, 0, 0)


def test_thresholds_are_the_event_file_s() -> None:
    gallery = Gallery(black_s=0, freeze_s=0, loss_s=1, back_s=0)
    gallery.play(2)
    gallery.main.shot = gallery.main.black
    assert set(gallery.play(5)) == {"main"}
    gallery.main.shot = gallery.main.gone
    assert after_s(gallery.play(3), "van") == pytest.approx(1, abs=0.1)


def test_the_backup_is_there_before_the_first_input_comes_and_gives_way_to_it() -> None:
    gallery = Gallery()
    gallery.main.shot = gallery.main.gone
    assert gallery.play(2)[-1] == "van"
    gallery.main.shot = gallery.main.moving
    assert after_s(gallery.play(2), "main") < 1


def test_a_film_of_this_machine_may_be_black_and_still_as_long_as_it_was_made_so() -> None:
    clock = Simulated(UTC)
    config = Config.model_validate({"url": "film.mp4", "backup": [{"url": "testcard"}]})
    programme = Programme(config, clock, VIDEO, AUDIO, *SIZE)
    programme.sinks[0].opened("a film")
    first, on_air = VIDEO.index_at(UTC) + 1, set()
    for k in range(first, first + 4 * FPS):
        time_ns = VIDEO.start_ns(k)
        clock.advance_ns(time_ns - clock.now_ns())
        programme.sinks[0].video(picture(16, SIZE), time_ns, time_ns)
        programme.picture(k)
        on_air.add(programme.status()["on_air"])
    assert on_air == {"main"}
    assert programme.defect(k) == ""


def dark_and_slow() -> Callable[[int], av.VideoFrame]:
    """A night scene over which a camera turns by three pixels a second, and back again."""
    luma = pan(24, 3, 3, size=SIZE)
    turn = 60 * FPS
    return lambda k: picture(luma(turn - abs(k % (2 * turn) - turn)), SIZE)


@pytest.mark.parametrize("scene", ["card", "dark"])
def test_half_an_hour_of_the_test_card_or_of_a_dark_slow_film_brings_no_false_switch(scene: str) -> None:
    """At a tenth of the rate, which makes what is watched harder, not easier: there are fewer pictures to see it by."""
    clock = Simulated(UTC)
    config = Config.model_validate({**MAIN, "backup": [{"url": "testcard"}], "watch": {"loss_s": 1}})
    programme = Programme(config, clock, VIDEO, AUDIO, *SIZE)
    card, dark = TestCard(*SIZE, Fraction(FPS)), dark_and_slow()
    first = VIDEO.index_at(UTC) + 1
    on_air, faults = set(), set()
    programme.sinks[0].opened("a camera")
    for k in range(first, first + 1800 * FPS, 10):
        time_ns = VIDEO.start_ns(k)
        clock.advance_ns(time_ns - clock.now_ns())
        programme.sinks[0].video(card.draw(time_ns) if scene == "card" else dark(k), time_ns - UTC, time_ns)
        programme.picture(k)
        status = programme.status()
        on_air.add(status["on_air"])
        faults |= set(status["inputs"][0]["faults"])
    assert faults == set()
    assert on_air == {"slate", "main"}  # the slate until the camera had come
    assert status["switches"] == 0
