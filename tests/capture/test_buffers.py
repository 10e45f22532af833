"""Pictures, Sound, Splicer, Cadence: what waits for the programme."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.flow.capture.buffers import Pictures, Sound
from ringside.flow.capture.cadence import Cadence
from ringside.flow.capture.drawn import SAMPLE_RATE
from ringside.flow.capture.splice import DEAD, Splicer, stretched

EPOCH = 1_800_000_000 * SAMPLE_RATE


def ramp(first: int, count: int) -> np.ndarray:
    """Sound whose every sample tells its own place."""
    return np.tile(np.arange(first, first + count) % 1000 + 1, (2, 1)).astype(np.float32)


@given(times=st.lists(st.integers(0, 1000), min_size=1, max_size=80), ask=st.integers(0, 1000))
def test_the_newest_picture_not_later_is_found(times: list[int], ask: int) -> None:
    pictures: Pictures[int] = Pictures(limit=100)
    for time in sorted(set(times)):
        pictures.add(time, time)
    due = [time for time in times if time <= ask]
    found = pictures.at(ask)
    assert found == ((max(due), max(due)) if due else None)
    assert pictures.dropped == 0


def test_a_picture_stays_until_a_newer_one_is_due() -> None:
    pictures: Pictures[str] = Pictures()
    pictures.add(10, "a")
    pictures.add(20, "b")
    assert [pictures.at(time)[1] for time in (10, 15, 19, 20, 500)] == ["a", "a", "a", "b", "b"]
    assert pictures.around(15) == (None, 20)


def test_pictures_are_bounded_and_the_oldest_is_dropped_and_counted() -> None:
    pictures: Pictures[int] = Pictures(limit=4)
    for time in range(10):
        pictures.add(time, time)
    assert len(pictures) == 4
    assert pictures.dropped == 6
    assert pictures.at(5) is None
    assert pictures.at(7) == (7, 7)


def test_a_time_base_gone_back_replaces_what_is_not_due() -> None:
    pictures: Pictures[str] = Pictures()
    for time in (10, 20, 30):
        pictures.add(time, "old")
    pictures.add(15, "new")
    assert pictures.at(40) == (15, "new")
    assert pictures.dropped == 2


@given(st.lists(st.tuples(st.integers(0, 6000), st.integers(1, 3000)), min_size=1, max_size=15))
@settings(max_examples=80)
def test_sound_reads_as_it_was_first_written_and_silence_elsewhere(blocks: list[tuple[int, int]]) -> None:
    sound, wanted, end = Sound(seconds=1), np.zeros(12_000, np.float32), 0
    for first, count in blocks:
        sound.write(EPOCH + first, ramp(first, count))
        begin = max(first, end) if end else first
        if first + count > begin:
            wanted[begin : first + count] = ramp(begin, first + count - begin)[0]
        end = max(end, first + count)
    out = sound.read(EPOCH, 12_000)
    assert out.shape == (2, 12_000)
    assert out.dtype == np.float32
    assert (out[0] == wanted).all()
    assert (out[1] == wanted).all()


def test_sound_is_read_in_blocks_across_the_rings_seam() -> None:
    sound = Sound(seconds=1)
    for k in range(200):
        sound.write(EPOCH + k * 1000, ramp(k * 1000, 1000))
        assert (sound.read(EPOCH + k * 1000, 1000) == ramp(k * 1000, 1000)).all()
    assert sound.late == sound.dropped == 0


def test_sound_that_comes_late_is_counted() -> None:
    sound = Sound()
    sound.write(EPOCH, ramp(0, 1000))
    sound.read(EPOCH, 2000)
    sound.write(EPOCH + 1000, ramp(1000, 1500))
    assert sound.late == 1000
    assert (sound.read(EPOCH + 2000, 500) == ramp(2000, 500)).all()


def test_sound_too_far_ahead_is_dropped_and_counted() -> None:
    sound = Sound(seconds=1)
    sound.write(EPOCH, ramp(0, 1000))
    sound.read(EPOCH, 1000)
    sound.write(EPOCH + 1000, ramp(1000, 60_000))
    assert sound.dropped == 12_000
    assert (sound.read(EPOCH + 1000, 48_000) == ramp(1000, 48_000)).all()


def laid(splicer: Splicer, times_ns: list[int], block: np.ndarray) -> list[tuple[int, int]]:
    return [(first, placed.shape[1]) for first, placed in (splicer.place(time, block) for time in times_ns)]


def test_rounded_times_leave_sound_untouched() -> None:
    splicer = Splicer()
    times = [round((k * 1024 / SAMPLE_RATE) * 1000) * 10**6 for k in range(500)]  # RTMP counts milliseconds
    assert laid(splicer, times, ramp(0, 1024)) == [(k * 1024, 1024) for k in range(500)]
    assert splicer.splices == 0


@pytest.mark.parametrize("ppm", [-500, -100, 100, 500])
def test_drift_is_bent_away_inaudibly(ppm: int) -> None:
    splicer = Splicer()
    times = [round(k * 1024 / SAMPLE_RATE * (1 + ppm / 1e6) * 1e9) for k in range(20_000)]
    placed = laid(splicer, times, ramp(0, 1024))
    assert all(a[0] + a[1] == b[0] for a, b in pairwise(placed))
    assert max(abs(count - 1024) for _, count in placed) <= 2
    assert max(abs(first - time * SAMPLE_RATE / 1e9) for (first, _), time in zip(placed, times, strict=True)) < DEAD + 4
    assert splicer.splices == 0


def test_a_loss_is_a_gap_and_not_a_bend() -> None:
    splicer = Splicer()
    placed = laid(splicer, [0, 21_333_333, 85_333_333], ramp(0, 1024))
    assert placed == [(0, 1024), (1024, 1024), (4096, 1024)]
    assert splicer.splices == 1


def test_stretching_keeps_the_tune() -> None:
    tone = np.tile(np.sin(2 * np.pi * 440 * np.arange(1024) / SAMPLE_RATE), (2, 1)).astype(np.float32)
    wide = stretched(tone, 1026)
    assert wide.shape == (2, 1026)
    assert np.abs(np.diff(wide)).max() < 0.06


@pytest.mark.parametrize("phase_ms", [0, 4, 8, 12, 20, 30])
def test_a_jittery_source_at_the_programmes_rate_is_shown_once_each(phase_ms: int) -> None:
    rng, frame = np.random.default_rng(phase_ms), 33_333_333
    cadence, pictures = Cadence(frame), Pictures(limit=20)
    shown = []
    for k in range(3, 600):
        if k == 3:
            for early in range(-3, 3):
                pictures.add(early * frame + phase_ms * 10**6, early)
        pictures.add(k * frame + phase_ms * 10**6 + int(rng.uniform(-1e6, 1e6)), k)
        at = (k - 3) * frame
        cadence.update(at, *pictures.around(at + cadence.lead_ns))
        found = pictures.at(at + cadence.lead_ns)
        shown.append(found[1] if found else None)
    steps = np.diff([n for n in shown if n is not None])
    assert (steps[5:] == 1).all()


@pytest.mark.parametrize("drift_ns", [-40_000, 40_000])
def test_a_drifting_source_costs_one_picture_for_each_frame_of_drift(drift_ns: int) -> None:
    rng, frame = np.random.default_rng(3), 33_333_333
    cadence, pictures = Cadence(frame), Pictures(limit=20)
    shown = []
    for k in range(3000):
        pictures.add(k * (frame + drift_ns) + int(rng.uniform(-1e6, 1e6)), k)
        if k < 10:
            continue
        at = (k - 10) * frame
        if drift_ns > 0:
            at = (k - 10) * (frame + drift_ns) // frame * frame
        cadence.update(at, *pictures.around(at + cadence.lead_ns))
        found = pictures.at(at + cadence.lead_ns)
        shown.append(found[1] if found else None)
    steps = np.diff([n for n in shown if n is not None])
    uneven = int(np.count_nonzero(steps != 1))
    assert uneven <= 2 * 3000 * abs(drift_ns) // frame + 2
