"""Real AAC, decoded back frame by frame as a player does: each frame carries the sound of its own index."""

from collections.abc import Callable, Sequence

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.clock import Simulated
from ringside.core.media import Frame
from ringside.flow.encode import EncoderFailed
from ringside.flow.encode.audio import SAMPLES, AudioEncoder, Block

FIRST = 84_140_625_000


def encoded(signal: np.ndarray, first: int = FIRST) -> tuple[AudioEncoder, list[Frame]]:
    """All of a stereo signal, from block `first` on, flushed."""
    aac = AudioEncoder("a", 128_000, Simulated())
    frames = []
    for k in range(signal.shape[1] // SAMPLES):
        frames += aac.encode(signal[:, k * SAMPLES : (k + 1) * SAMPLES].astype(np.float32), first + k)
    return aac, [*frames, *aac.flush()]


def decoded(aac: AudioEncoder, frames: Sequence[Frame]) -> dict[int, np.ndarray]:
    """The samples that a decoder gives for each frame, by the frame's index."""
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = aac.extradata
    return {f.index: s.to_ndarray() for f in frames for s in decoder.decode(av.Packet(f.data))}


@settings(max_examples=8, deadline=None)
@given(st.integers(3 * SAMPLES, 17 * SAMPLES - 8))
def test_a_click_comes_out_at_the_grid_time_it_went_in(position: int) -> None:
    signal = np.zeros((2, 20 * SAMPLES))
    signal[:, position : position + 4] = 0.9
    aac, frames = encoded(signal)
    sound = np.abs(np.concatenate(list(decoded(aac, frames).values()), axis=1)[0])
    heard = int(np.argmax(sound)) + (frames[0].index - FIRST) * SAMPLES
    assert abs(heard - position) <= 48, "one millisecond"


def test_frames_take_the_indices_of_the_blocks_without_a_hole() -> None:
    _, frames = encoded(np.random.default_rng(1).normal(0, 0.1, (2, 30 * SAMPLES)))
    assert [f.index for f in frames][:30] == list(range(FIRST, FIRST + 30))
    assert all(f.key and f.track == "a" for f in frames)


def test_a_jump_in_the_blocks_is_a_jump_in_the_frames() -> None:
    aac = AudioEncoder("a", 128_000, Simulated())
    indices = [*range(10), *range(500, 510)]
    silence = np.zeros((2, SAMPLES), np.float32)
    frames = [f for k in indices for f in aac.encode(silence, FIRST + k)]
    assert [f.index - FIRST for f in frames] == indices[: len(frames)]
    assert len(frames) == 18, "two blocks are held back"


def test_the_header_says_aac_lc_48_khz_stereo() -> None:
    aac, _ = encoded(np.zeros((2, SAMPLES)))
    bits = int.from_bytes(aac.extradata[:2], "big")
    assert (bits >> 11, bits >> 7 & 15, bits >> 3 & 15) == (2, 3, 2)


SOUNDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "silence": lambda t: 0 * t,
    "tone": lambda t: 0.5 * np.sin(2 * np.pi * 440 * t),
    "noise": lambda t: np.random.default_rng(1).normal(0, 0.3, t.size),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_stays_within_its_bitrate_and_comes_back(name: str) -> None:
    mono = SOUNDS[name](np.arange(200 * SAMPLES) / 48_000)
    aac, frames = encoded(np.stack([mono, mono]))
    peak = max(sum(len(f.data) for f in frames[k : k + 94]) * 8 / 2 for k in range(len(frames) - 94))
    assert peak <= 128_000 * 1.15
    samples = np.concatenate(list(decoded(aac, frames).values()), axis=1)
    assert samples.shape[0] == 2
    assert np.sqrt((samples**2).mean()) == pytest.approx(np.sqrt((np.clip(mono, -1, 1) ** 2).mean()), rel=0.3, abs=1e-4)


def test_a_tone_in_one_ear_stays_there() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(40 * SAMPLES) / 48_000)
    aac, frames = encoded(np.stack([tone, 0 * tone]))
    left, right = np.concatenate(list(decoded(aac, frames).values()), axis=1)[:, 4096:-4096]
    assert np.abs(left).max() > 0.4
    assert np.abs(right).max() < 0.01


def test_broken_samples_of_a_source_do_not_end_the_event() -> None:
    aac = AudioEncoder("a", 128_000, Simulated())
    bad = np.full((2, SAMPLES), np.nan, np.float32)
    bad[0, ::3], bad[1, ::5], bad[:, 7] = np.inf, -np.inf, 1e30
    frames = [f for k in range(6) for f in aac.encode(bad, k)]
    assert len(frames) == 4
    assert np.isfinite(np.concatenate(list(decoded(aac, frames).values()))).all()


def test_a_block_of_another_shape_is_refused_by_name() -> None:
    block: Block = np.zeros((1, SAMPLES), np.float32)
    with pytest.raises(EncoderFailed, match=r"a: a block of sound has shape \(1, 1024\), not \(2, 1024\)"):
        AudioEncoder("a", 128_000, Simulated()).encode(block, 0)
