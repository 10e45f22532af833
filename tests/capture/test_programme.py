"""Programme: any source's pictures on the event's grid, on simulated time."""

from fractions import Fraction

import av
import numpy as np
import pytest
from recorder import read_strip

from ringside.core.clock import Simulated
from ringside.core.media import Grid
from ringside.flow.capture import Config, strip
from ringside.flow.capture.paint import blank, planes
from ringside.flow.capture.programme import Programme

MS = 1_000_000
S = 1_000_000_000
UTC = 1_800_000_000 * S
SIZE = (320, 180)
SETTLED_S = Fraction(1, 2)  # by then a live source has shown that it is steady
AUDIO = Grid.audio()


class Studio:
    """A programme, its clock, and a camera that starts at UTC."""

    def __init__(self, fps: Fraction = Fraction(30), delay_ns: int = 0, **config) -> None:
        self.clock, self.video, self.delay_ns, self.fps = Simulated(UTC), Grid.video(fps), delay_ns, fps
        self.programme = Programme(
            Config(**{"url": "rtmp://127.0.0.1:1/live", **config}), self.clock, self.video, AUDIO, *SIZE
        )
        self.camera = self.programme.sinks[0]
        self.index = self.video.index_at(UTC + delay_ns) + 1
        self.block = AUDIO.index_at(UTC)

    def frame_ns(self) -> int:
        return self.video.start_ns(self.index)

    def pull(self) -> av.VideoFrame:
        """The next frame, when it is due."""
        self.clock.advance_ns(max(0, self.frame_ns() + self.delay_ns - self.clock.now_ns()))
        self.index += 1
        return self.programme.picture(self.index - 1)

    def listen(self, until_ns: int) -> np.ndarray:
        """Sound up to a time."""
        blocks = []
        while AUDIO.start_ns(self.block + 1) <= until_ns:
            blocks.append(self.programme.sound(self.block))
            self.block += 1
        return np.concatenate(blocks, axis=1)


def shot(time_ns: int, size: tuple[int, int] = SIZE) -> av.VideoFrame:
    """A picture that says when it was taken."""
    frame = blank(*size)
    for plane in planes(frame):
        plane[:] = 100
    strip.draw(planes(frame), time_ns // MS)
    return frame


def tone(first: int, samples: int = 1024, rate: int = 48_000, layout: str = "stereo") -> av.AudioFrame:
    wave = 0.5 * np.sin(2 * np.pi * 440 * (first + np.arange(samples)) / rate)
    channels = 2 if layout == "stereo" else 1
    frame = av.AudioFrame.from_ndarray(np.tile(wave, (channels, 1)).astype(np.float32), "fltp", layout)
    frame.sample_rate = rate
    return frame


def film(studio: Studio, times_ms: list[float], seconds: float, pts0: int = 7 * S) -> list[int | None]:
    """Milliseconds since UTC that each frame of the programme shows, once it has settled; None is the slate."""
    studio.camera.opened("a camera")
    waiting = [round(at * MS) for at in times_ms]
    seen = []
    while studio.frame_ns() < UTC + seconds * S:
        while waiting and UTC + waiting[0] <= studio.frame_ns() + studio.delay_ns:
            at = waiting.pop(0)
            studio.camera.video(shot(UTC + at), pts0 + at, UTC + at)
        stamp = read_strip(studio.pull())
        seen.append(None if stamp is None else stamp - UTC // MS)
    return seen[int(SETTLED_S * studio.fps) :]


@pytest.mark.parametrize(
    ("source", "event", "most_repeats"),
    [("15", "30", 2), ("30", "30", 1), ("60", "30", 1), ("10", "30", 3), ("12", "24", 2), ("25", "25", 1),
     ("50", "25", 1), ("30000/1001", "30000/1001", 1), ("60000/1001", "60000/1001", 1), ("25", "30", 2)],
)  # fmt: skip
def test_each_rate_lands_on_the_grid(source: str, event: str, most_repeats: int) -> None:
    studio = Studio(Fraction(event))
    period_ms = float(1000 / Fraction(source))
    seen = film(studio, [k * period_ms for k in range(round(4000 / period_ms))], 4)
    assert None not in seen
    steps = np.diff(seen)
    assert steps.min() >= 0
    frame_ms = float(1000 / Fraction(event))
    assert steps.max() <= max(period_ms, frame_ms) * (1 if period_ms >= frame_ms else 2) + 2
    longest = max(len(run) for run in "".join("r" if step == 0 else "|" for step in steps).split("|"))
    assert longest < most_repeats
    times = [(studio.video.start_ns(studio.index - len(seen) + n) - UTC) / MS for n in range(len(seen))]
    ages = [time - at for time, at in zip(times, seen, strict=True)]
    assert max(ages) <= period_ms + frame_ms / 4 + 1
    assert min(ages) >= -frame_ms / 4 - 1


def test_a_variable_frame_rate_shows_the_newest_picture_that_is_due() -> None:
    gaps = [17, 33, 50, 120, 16, 17, 250, 33, 40] * 12
    times = [float(t) for t in np.cumsum(gaps) if t < 3900]
    seen = film(Studio(), [0.0, *times], 4)
    assert None not in seen
    assert (np.diff(seen) >= 0).all()
    assert set(seen) <= {int(t) for t in [0.0, *times]}


def test_jitter_within_the_delay_is_never_seen() -> None:
    studio, rng = Studio(delay_ns=120 * MS), np.random.default_rng(5)
    studio.camera.opened("a camera")
    waiting = [(k * S // 30, k * S // 30 + int(rng.uniform(0, 100)) * MS) for k in range(300)]
    waiting = [(at, max(arrival for _, arrival in waiting[: k + 1])) for k, (at, _) in enumerate(waiting)]
    seen = []
    while studio.frame_ns() < UTC + 9 * S:
        while waiting and UTC + waiting[0][1] <= studio.frame_ns() + studio.delay_ns:
            at, arrival = waiting.pop(0)
            studio.camera.video(shot(UTC + at), at, UTC + arrival)
        seen.append(read_strip(studio.pull()))
    steps = np.diff(seen[60:])
    assert set(steps) == {33, 34}


def test_the_slate_takes_over_within_half_a_second_and_gives_back() -> None:
    studio = Studio()
    times = [k * 100 / 3 for k in range(150) if not 60 <= k < 120]  # nothing from 2 s to 4 s
    seen = film(studio, times, 5)
    frame = [(n + 16) / 30 for n, stamp in enumerate(seen) if stamp is None]
    assert 2.35 < frame[0] < 2.5
    assert 4.25 < frame[-1] < 4.4
    assert frame == sorted(frame)
    assert len(frame) == round((frame[-1] - frame[0]) * 30) + 1
    status = studio.programme.status()
    assert (status["state"], status["switches"], status["name"]) == ("live", 2, "rtmp://127.0.0.1:1/live")


def test_status_is_ready_for_the_engineers_page() -> None:
    studio = Studio()
    film(studio, [k * 66.7 for k in range(30)], 2)
    status = studio.programme.status()
    assert status["repeats"] > 10
    assert status["detail"] == "a camera"
    assert status["fps"] == 30
    assert UTC // MS + 300 <= status["since_ms"] < UTC // MS + 400
    assert {"kind", "width", "height", "drops", "discontinuities"} <= set(status)


def test_a_closed_source_says_why() -> None:
    studio = Studio()
    film(studio, [k * 33.3 for k in range(30)], 1)
    studio.camera.closed("the publisher left")
    shots = [read_strip(studio.pull()) for _ in range(10)]
    assert shots[0] is not None
    assert shots[-1] is None
    assert studio.programme.status()["detail"] == "the publisher left"


def test_the_strip_is_burnt_on_any_picture_and_on_the_slate_with_the_frames_own_time() -> None:
    studio = Studio(burn_strip=True)
    studio.camera.opened("a camera")
    for _ in range(3):
        due = studio.frame_ns() // MS
        assert read_strip(studio.pull()) == due
    picture = shot(UTC)
    studio.camera.video(picture, 0, studio.clock.now_ns())
    for _ in range(3):
        due = studio.frame_ns() // MS
        assert read_strip(studio.pull()) == due
    assert read_strip(picture) == UTC // MS  # what the source gave is not drawn on


def test_a_picture_is_fitted_once_however_often_it_is_shown() -> None:
    studio = Studio()
    studio.camera.opened("a camera")
    studio.camera.video(shot(UTC, (640, 360)), 0, UTC)
    assert len({id(studio.pull()) for _ in range(5)}) == 1


def send(studio: Studio, seconds: float, rate: int = 48_000, layout: str = "stereo", pictures: bool = True) -> None:
    """A camera with a microphone, or a microphone alone: everything it sends in so long, in order of arrival."""
    studio.camera.opened("a camera")
    sounds = [(k * 1024 * S // rate, k * 1024) for k in range(int(seconds * rate / 1024))]
    shots = [(k * S // 30, None) for k in range(int(seconds * 30))] if pictures else []
    for at, first in sorted(sounds + shots, key=lambda item: item[0]):
        if first is None:
            studio.camera.video(shot(UTC + at), at, UTC + at)
        else:
            studio.camera.audio(tone(first, rate=rate, layout=layout), at, UTC + at)


@pytest.mark.parametrize("rate", [48_000, 44_100, 32_000, 8_000])
@pytest.mark.parametrize("layout", ["stereo", "mono"])
def test_sound_of_any_rate_and_layout_becomes_stereo_at_48_khz_on_time(rate: int, layout: str) -> None:
    studio = Studio()
    send(studio, 2, rate, layout)
    for _ in range(12):
        studio.pull()
    sound = studio.listen(UTC + 1_800 * MS)[:, 24_000:72_000]
    assert sound.shape == (2, 48_000)
    assert int(np.abs(np.fft.rfft(sound[0])).argmax()) == 440
    assert np.abs(sound[0] - sound[1]).max() < 1e-6
    level = 0.5 if layout == "stereo" else 0.5 * np.sqrt(0.5)  # mono is spread at constant power
    assert np.abs(sound).max() == pytest.approx(level, rel=0.03)
    start = (24_000 + AUDIO.index_at(UTC) * 1024 - UTC * 48_000 // S) / 48_000
    expected = level * np.sin(2 * np.pi * 440 * (start + np.arange(48_000) / 48_000))
    assert np.abs(sound[0] - expected).max() < 0.05  # within 50 µs of its place


def test_a_source_without_sound_is_silent() -> None:
    studio = Studio()
    film(studio, [k * 33.3 for k in range(30)], 1)
    assert not studio.listen(UTC + S).any()


def test_sound_without_a_picture_goes_out_behind_a_card() -> None:
    studio = Studio(delay_ns=100 * MS)
    studio.camera.opened("a microphone")
    heard, sent = [], 0
    while studio.frame_ns() < UTC + 3 * S:
        while UTC + sent * 1024 * S // 48_000 <= studio.frame_ns() + studio.delay_ns:
            at = sent * 1024 * S // 48_000
            studio.camera.audio(tone(sent * 1024), at, UTC + at)
            sent += 1
        studio.pull()
        heard.append(np.abs(studio.programme.sound(AUDIO.index_at(studio.frame_ns()) - 3)).max())
    assert studio.programme.status()["state"] == "live"
    assert heard[10] == 0
    assert min(heard[-30:]) > 0.4


def test_the_slate_is_silent_even_if_sound_goes_on() -> None:
    studio = Studio()
    send(studio, 0.9, pictures=False)
    studio.pull()
    assert studio.programme.status()["state"] == "waiting"
    assert not studio.listen(UTC + 900 * MS).any()


def test_garbage_in_a_sources_frames_never_reaches_the_caller() -> None:
    studio = Studio()
    studio.camera.opened("a broken camera")
    studio.camera.audio(tone(0, rate=48_000), 0, UTC)
    for k in range(30):
        odd = av.VideoFrame(1 + k % 5, 1 + k % 3, ["gray", "rgb24", "yuv420p", "pal8", "yuv422p10le"][k % 5])
        studio.camera.video(odd, k * S // 30, UTC + k * S // 30)
        frame = studio.pull()
        assert (frame.width, frame.height, frame.format.name) == (*SIZE, "yuv420p")


def test_the_test_card_is_always_live_and_exact() -> None:
    studio = Studio(Fraction(30_000, 1001), url="testcard")
    for _ in range(5):
        due = studio.frame_ns() // MS
        assert read_strip(studio.pull()) == due
    assert studio.programme.status()["state"] == "live"
    assert studio.listen(UTC + 50 * MS).any()
