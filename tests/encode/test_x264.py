"""Real x264, decoded back: the stream it writes is the stream that the rest of Ringside counts on."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from moving_pictures import moving

from ringside.core.clock import Simulated
from ringside.core.media import Frame, Grid, Timeline
from ringside.flow.encode import Config, EncoderFailed, Rung
from ringside.flow.encode.effort import BY_NAME, EFFORTS, choose, threads
from ringside.flow.encode.gop import key_wanted
from ringside.flow.encode.ladder import default_ladder
from ringside.flow.encode.scale import Scaler
from ringside.flow.encode.video import VideoEncoder, without_sei

SMALL = Rung(height=180, width=320, bitrate_bps=300_000)
NUMBER = 897_500_000
RATES = [Fraction(r) for r in ("24", "25", "30000/1001", "30", "50", "60")]
QUICK = BY_NAME["ultrafast"]
PICTURES = moving(320, 180, 60)


def encoder(
    rung: Rung = SMALL, fps: Fraction = Fraction(30), effort: str = "superfast", threads: int = 1
) -> VideoEncoder:
    return VideoEncoder(rung, fps, BY_NAME[effort], Config(), Simulated(), threads)


def nal_types(data: bytes) -> list[int]:
    return [unit[0] & 0x1F for unit in data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]]


def decoded(extradata: bytes, frames: Sequence[Frame]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = extradata
    pictures = []
    for frame in frames:
        pictures += decoder.decode(av.Packet(frame.data))
    return [*pictures, *decoder.decode(None)]


def psnr(a: av.VideoFrame, b: av.VideoFrame) -> float:
    """Of the luma, in dB."""
    x, y = (p.to_ndarray()[: p.height].astype(float) for p in (a, b))
    return float(10 * np.log10(255**2 / max(0.01, ((x - y) ** 2).mean())))


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_key_frames_come_where_the_epoch_wants_them_and_nowhere_else(fps: Fraction) -> None:
    grid, timeline = Grid.video(fps), Timeline()
    first = timeline.first_frame(grid, NUMBER)
    last = timeline.first_frame(grid, NUMBER + 2)
    x264 = encoder(fps=fps, effort="ultrafast")
    wanted = {k: key_wanted(grid, timeline, k) for k in range(first, last)}
    frames = [x264.encode(PICTURES[k % 60], k, key) for k, key in wanted.items()]
    assert [f.index for f in frames] == list(wanted)
    assert [f.key for f in frames] == list(wanted.values())
    assert [nal_types(f.data) == [5] for f in frames] == list(wanted.values())
    pictures = decoded(x264.extradata, frames)
    assert len(pictures) == len(frames)
    assert [p.key_frame for p in pictures] == list(wanted.values())


@pytest.mark.parametrize("rung", default_ladder(1280, 720), ids=lambda r: r.track)
def test_every_rung_of_a_ladder_decodes_to_its_size_and_looks_like_its_source(rung: Rung) -> None:
    scaler, x264 = Scaler(default_ladder(1280, 720)), encoder(rung)
    source = [scaler.scale(p, {"v720", rung.track})[rung.track] for p in moving(1280, 720, 8)]
    frames = [x264.encode(p, k, k == 0) for k, p in enumerate(source)]
    pictures = decoded(x264.extradata, frames)
    assert [(p.width, p.height, p.format.name) for p in pictures] == [(rung.width, rung.height, "yuv420p")] * 8
    assert min(psnr(a, b) for a, b in zip(source, pictures, strict=True)) > 24
    assert {(p.colorspace, p.color_range, p.color_primaries, p.color_trc) for p in pictures} == {(1, 1, 1, 1)}


@pytest.mark.parametrize("rung", [*default_ladder(1920, 1080), SMALL], ids=lambda r: r.track)
def test_every_effort_writes_the_same_parameter_sets(rung: Rung) -> None:
    sets = {effort.name: encoder(rung, effort=effort.name).extradata for effort in EFFORTS}
    assert len(sets) == len(EFFORTS)
    assert len(set(sets.values())) == 1
    assert nal_types(sets["fast"]) == [7, 8]
    assert sets["fast"][5] == 100, "High profile"


def test_an_effort_can_change_in_mid_stream_without_a_new_header() -> None:
    x264 = encoder(effort="fast")
    frames = []
    for k in range(60):
        if k in (20, 40):
            x264.use(EFFORTS[k // 20])
        frames.append(x264.encode(PICTURES[k], k, k % 20 == 0))
    pictures = decoded(x264.extradata, frames)
    assert len(pictures) == 60
    assert min(psnr(a, b) for a, b in zip(PICTURES, pictures, strict=True)) > 24


def test_key_frames_close_their_gop() -> None:
    x264 = encoder()
    frames = [x264.encode(PICTURES[k], k, k in (0, 30)) for k in range(60)]
    alone = decoded(x264.extradata, frames[30:])
    whole = decoded(x264.extradata, frames)[30:]
    assert len(alone) == 30
    assert all((a.to_ndarray() == b.to_ndarray()).all() for a, b in zip(alone, whole, strict=True))


def test_a_picture_marked_as_key_by_its_source_is_not_one_unless_wanted() -> None:
    x264 = encoder()
    for k in range(10):
        PICTURES[k].pict_type = 1
        assert x264.encode(PICTURES[k], k, key=k == 0).key == (k == 0)


def test_a_cut_of_scene_makes_no_key_frame_of_its_own() -> None:
    x264 = encoder()
    other = moving(320, 180, 5, seed=9)
    frames = [x264.encode(p, k, k == 0) for k, p in enumerate([*PICTURES[:5], *other])]
    assert [f.key for f in frames] == [True] + [False] * 9


def test_no_frame_carries_parameter_sets_sei_or_delimiters() -> None:
    x264 = encoder()
    frames = [x264.encode(PICTURES[k], k, k in (0, 15)) for k in range(30)]
    assert {t for f in frames for t in nal_types(f.data)} == {1, 5}
    assert nal_types(frames[0].data) == [5]


def test_only_a_leading_sei_is_taken_off() -> None:
    sei, slice_ = b"\0\0\1\6\5\4abcd\x80", b"\0\0\0\1\x65payload\0\0\1\x65more"
    assert without_sei(sei + slice_) == slice_
    assert without_sei(b"\0\0\0\1\6\5\4abcd\x80\0\0\1\x65x") == b"\0\0\1\x65x"
    assert without_sei(slice_) == slice_
    assert without_sei(b"") == b""


def test_a_hole_in_the_indices_leaves_a_stream_that_still_decodes() -> None:
    x264 = encoder()
    indices = [*range(10), *range(25, 40)]
    frames = [x264.encode(PICTURES[k], k, k == 0) for k in indices]
    assert [f.index for f in frames] == indices
    assert len(decoded(x264.extradata, frames)) == 25


def test_many_slices_come_out_as_one_frame() -> None:
    x264 = encoder(threads=2)
    frames = [x264.encode(PICTURES[k], k, k == 0) for k in range(10)]
    assert [len(nal_types(f.data)) for f in frames] == [2] * 10
    assert len(decoded(x264.extradata, frames)) == 10
    assert x264.extradata == encoder().extradata


def restless(seconds: int, fps: int) -> list[av.VideoFrame]:
    """The worst for a rate control: five seconds of standstill, then five of pure noise, and so on."""
    rng = np.random.default_rng(3)
    noise = [av.VideoFrame.from_ndarray(rng.integers(16, 235, (270, 320), np.uint8), "yuv420p") for _ in range(10)]
    return [PICTURES[0] if k // (5 * fps) % 2 == 0 else noise[k % 10] for k in range(seconds * fps)]


@pytest.mark.parametrize("effort", ["veryfast", "ultrafast"])
def test_no_segment_exceeds_the_declared_peak(effort: str) -> None:
    x264 = encoder(effort=effort)
    sizes = []
    for k, picture in enumerate(restless(30, 30)):
        if k == 600:
            x264.use(BY_NAME["superfast"])
        sizes.append(len(x264.encode(picture, k, k % 30 == 0).data))
    segments = [sum(sizes[k : k + 60]) * 8 / 2 for k in range(0, len(sizes), 60)]
    assert max(segments) <= Config().bandwidth_bps(SMALL.bitrate_bps, Fraction(2))
    assert max(segments) > SMALL.bitrate_bps, "the content was not hard enough to show anything"


def test_moving_pictures_take_about_the_bitrate_that_was_asked_for() -> None:
    x264 = encoder(effort="superfast")
    there_and_back = [*PICTURES, *reversed(PICTURES)]
    sizes = [len(x264.encode(there_and_back[k % 120], k, k % 30 == 0).data) for k in range(300)]
    assert 0.8 <= sum(sizes) * 8 / 10 / SMALL.bitrate_bps <= 1.2


def test_a_picture_of_another_size_is_made_to_fit_and_the_stream_goes_on() -> None:
    x264 = encoder()
    frames = [x264.encode(PICTURES[0], 0, True), x264.encode(moving(640, 360, 1)[0], 1, False)]
    assert [(p.width, p.height) for p in decoded(x264.extradata, frames)] == [(320, 180)] * 2


def test_an_impossible_size_is_refused_by_name() -> None:
    with pytest.raises(EncoderFailed, match="v4320: x264 cannot encode 99998x4320"):
        encoder(SMALL.model_copy(update={"width": 99998, "height": 4320}))


def test_auto_takes_the_best_effort_that_leaves_the_machine_room() -> None:
    ladder, rate = default_ladder(1280, 720), Fraction(30)
    chosen = [choose("auto", ladder, rate, cores).name for cores in (1, 2, 4, 16)]
    assert chosen == ["ultrafast", "superfast", "veryfast", "fast"]
    assert choose("veryfast", ladder, rate, 1).name == "veryfast"


def test_only_a_rung_too_large_for_one_thread_gets_more() -> None:
    full_hd, hd = default_ladder(1920, 1080)[:2]
    assert [threads(r, Fraction(fps), 8) for r, fps in [(hd, 30), (hd, 60), (full_hd, 30), (full_hd, 60)]] == [
        1,
        1,
        2,
        3,
    ]
    assert threads(full_hd, Fraction(60), 2) == 2


def test_scaling_makes_standard_pictures_of_whatever_comes() -> None:
    ladder = default_ladder(320, 180)
    scaler = Scaler(ladder)
    grey = av.VideoFrame.from_ndarray(np.full((200, 400, 3), 126, np.uint8), format="rgb24")
    full = av.VideoFrame.from_ndarray(np.full((270, 320), 128, np.uint8), format="yuvj420p")
    full.color_range = 2
    for source in (grey, full):
        picture = scaler.scale(source, {"v180"})["v180"]
        assert (picture.width, picture.height, picture.format.name) == (320, 180, "yuv420p")
        assert abs(int(picture.to_ndarray()[90, 160]) - 125) <= 2
    assert scaler.scale(PICTURES[0], {"v180"})["v180"] is PICTURES[0], "nothing to do costs nothing"


def test_a_rung_not_made_is_not_scaled_and_the_rest_still_are() -> None:
    scaler = Scaler(default_ladder(1280, 720))
    pictures = scaler.scale(moving(1280, 720, 1)[0], {"v480", "v360"})
    assert [(name, p.width) for name, p in pictures.items()] == [("v480", 854), ("v360", 640)]


def test_the_pictures_of_these_tests_move() -> None:
    """Were they still, half of these tests could not fail."""
    assert max(psnr(a, b) for a, b in pairwise(PICTURES)) < 35
