"""The decoder: pictures and sound of every codec we take reach the sink, and nothing a peer sends stops it."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
from rtmp_coder import Clip, clip, tone
from rtmp_sink import Recorder

from ringside.core.clock import Simulated
from ringside.core.telemetry import Metrics
from ringside.flow.capture.coded.backlog import Began, Coded, Ended
from ringside.flow.capture.coded.decoder import Decoder, available
from ringside.flow.capture.coded.unit import Config, Unit


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(Recorder(), Simulated(), Metrics())
    decoder.start()
    decoder.put(Began("10.0.0.1"))
    yield decoder
    decoder.stop("the test is over")


def sink_of(decoder: Decoder) -> Recorder:
    sink = decoder._sink
    assert isinstance(sink, Recorder)
    return sink


def show(decoder: Decoder, shown: Clip, shift_ms: int = 0, arrival_ns: int = 0) -> None:
    decoder.put(Coded(shown.config, 0, arrival_ns))
    for n, (unit, pts_ns) in enumerate(shown.units(shift_ms)):
        decoder.put(Coded(unit, pts_ns, arrival_ns + n))


def sound(decoder: Decoder, blocks: int, arrival_step_ns: int = 0) -> None:
    asc, frames = tone()
    decoder.put(Coded(Config("audio", "aac", asc), 0, 0))
    for n, frame in enumerate(frames[:blocks]):
        decoder.put(Coded(Unit("audio", "aac", True, frame), n * 21_333_333, n * arrival_step_ns))


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
def test_every_picture_of_every_codec_arrives_once_and_in_order(decoder: Decoder, codec: str) -> None:
    if codec not in available({codec}):
        pytest.skip(f"this FFmpeg does not decode {codec}")
    shown = clip(codec)
    show(decoder, shown)
    decoder.put(Ended("done"))
    sink = sink_of(decoder)
    sink.wait_closed()
    assert sink.events == [("opened", f"160x96 {codec} from 10.0.0.1"), ("closed", "done")]
    assert [p[0] for p in sink.pictures] == sorted((d + o) * 1_000_000 for d, o, _, _ in shown.frames)
    assert len(sink.pictures) == 20
    assert decoder.errors == 0
    assert len(sink.threads) == 1


def test_a_picture_arrives_with_the_frame_that_let_it_out_so_arrivals_follow_showing(decoder: Decoder) -> None:
    shown = clip("h264")
    show(decoder, shown, arrival_ns=1000)
    decoder.put(Ended("done"))
    sink_of(decoder).wait_closed()
    own = {(d + o) * 1_000_000: 1000 + n for n, (d, o, _, _) in enumerate(shown.frames)}
    arrivals = [p[1] for p in sink_of(decoder).pictures]
    assert arrivals == sorted(arrivals)
    assert all(own[p[0]] <= p[1] <= own[p[0]] + 5 for p in sink_of(decoder).pictures)
    assert arrivals != [own[p[0]] for p in sink_of(decoder).pictures]  # the clip has B-frames


def test_the_source_opens_with_its_first_picture_and_names_the_sound_it_has(decoder: Decoder) -> None:
    sound(decoder, 3)
    show(decoder, clip("h264"))
    sound(decoder, 4)
    decoder.put(Ended("done"))
    sink = sink_of(decoder)
    sink.wait_closed()
    assert sink.events[0] == ("opened", "160x96 h264, aac 48 kHz stereo from 10.0.0.1")
    assert {(rate, channels) for _, _, rate, channels in sink.sounds} == {(48000, 2)}


def test_sound_that_stays_alone_opens_after_half_a_second(decoder: Decoder) -> None:
    sound(decoder, 20, arrival_step_ns=50_000_000)
    decoder.put(Ended("done"))
    sink = sink_of(decoder)
    sink.wait_closed()
    assert sink.events[0] == ("opened", "aac 48 kHz stereo from 10.0.0.1")
    assert sink.sounds[0][1] == 500_000_000


def test_a_picture_that_comes_after_all_is_told_of(decoder: Decoder) -> None:
    sound(decoder, 20, arrival_step_ns=50_000_000)
    show(decoder, clip("h264"))
    decoder.put(Ended("done"))
    sink = sink_of(decoder)
    sink.wait_closed()
    assert [text for _, text in sink.events] == [
        "aac 48 kHz stereo from 10.0.0.1",
        "160x96 h264, aac 48 kHz stereo from 10.0.0.1",
        "done",
    ]


def test_pixels_that_are_not_square_are_told_of(decoder: Decoder) -> None:
    show(decoder, clip("h264", 180, 144, aspect=Fraction(16, 15)))
    decoder.put(Ended("done"))
    sink_of(decoder).wait_closed()
    assert sink_of(decoder).aspects == [Fraction(16, 15)]


def test_a_picture_that_never_comes_holds_the_sound_back_for_two_seconds(decoder: Decoder) -> None:
    decoder.put(Coded(clip("h264").config, 0, 0))
    sound(decoder, 20, arrival_step_ns=200_000_000)
    decoder.put(Ended("done"))
    sink_of(decoder).wait_closed()
    assert sink_of(decoder).sounds[0][1] == 2_000_000_000


def test_a_new_sequence_header_rebuilds_the_decoder_and_loses_nothing(decoder: Decoder) -> None:
    show(decoder, clip("h264"))
    show(decoder, clip("h264", 320, 192), shift_ms=1000)
    show(decoder, clip("hevc"), shift_ms=2000)
    decoder.put(Ended("done"))
    sink = sink_of(decoder)
    sink.wait_closed()
    assert [p[2] for p in sink.pictures] == [160] * 20 + [320] * 20 + [160] * 20
    told = [text.split()[0] for event, text in sink.events if event == "opened"]
    assert told == ["160x96", "320x192", "160x96"]
    assert decoder.errors == 0


def test_a_repeated_sequence_header_changes_nothing(decoder: Decoder) -> None:
    shown = clip("h264")
    for unit, pts_ns in shown.units():
        decoder.put(Coded(shown.config, 0, 0))
        decoder.put(Coded(unit, pts_ns, 0))
    decoder.put(Ended("done"))
    sink_of(decoder).wait_closed()
    assert len(sink_of(decoder).pictures) == 20


@pytest.mark.parametrize(
    "rubbish",
    [
        Unit("video", "h264", True, b"\0\0\0\x09rubbish!!"),
        Unit("video", "hevc", True, b"another codec than the header's"),
        Unit("audio", "aac", True, bytes(range(200))),
        Config("audio", "aac", b"\xff\xff\xff"),
    ],
)
def test_rubbish_is_counted_and_the_picture_comes_back(decoder: Decoder, rubbish: Unit | Config) -> None:
    show(decoder, clip("h264"))
    for n in range(3):
        decoder.put(Coded(rubbish, n, n))
    show(decoder, clip("h264"), shift_ms=1000)
    decoder.put(Ended("done"))
    sink = sink_of(decoder)
    sink.wait_closed()
    assert decoder.errors > 0
    assert sum(p[0] >= 1_000_000_000 for p in sink.pictures) == 20


def test_a_spoiled_sequence_header_costs_its_own_pictures_only(decoder: Decoder) -> None:
    show(decoder, replace(clip("h264"), record=bytes.fromhex("0142c00affe100ff6742")))
    assert not sink_of(decoder).pictures
    show(decoder, clip("h264"), shift_ms=1000)
    decoder.put(Ended("done"))
    sink_of(decoder).wait_closed()
    assert decoder.errors >= 20
    assert [p[0] for p in sink_of(decoder).pictures] == [(1000 + 40 * n + 80) * 1_000_000 for n in range(20)]


def test_a_picture_too_large_to_hold_is_an_error_not_a_gigabyte(decoder: Decoder) -> None:
    huge = clip("h264", 4096, 2320, 2)
    show(decoder, huge)
    show(decoder, clip("h264"))
    decoder.put(Ended("done"))
    sink_of(decoder).wait_closed()
    assert decoder.errors > 0
    assert {p[2] for p in sink_of(decoder).pictures} == {160}


def test_a_publisher_that_showed_nothing_is_never_announced(decoder: Decoder) -> None:
    decoder.put(Ended("left at once"))
    decoder.put(Began("10.0.0.2"))
    show(decoder, clip("h264"))
    decoder.put(Ended("done"))
    sink_of(decoder).wait_closed()
    assert [event for event, _ in sink_of(decoder).events] == ["opened", "closed"]
    assert "10.0.0.2" in sink_of(decoder).events[0][1]


def test_stopping_closes_what_is_open_and_then_is_silent(decoder: Decoder) -> None:
    show(decoder, clip("h264"))
    sink = sink_of(decoder)
    sink.wait(lambda s: len(s.pictures) > 5)
    decoder.stop("stopped by the test")
    assert sink.events[-1] == ("closed", "stopped by the test")
    before = len(sink.pictures)
    show(decoder, clip("h264"))
    assert len(sink.pictures) == before


def test_frames_that_come_too_fast_are_dropped_and_counted(decoder: Decoder) -> None:
    sink = sink_of(decoder)
    with sink._changed:  # the sink is stuck
        for n in range(40):
            show(decoder, clip("h264"), shift_ms=1000 * n)
        assert decoder.backlog.dropped["video"] > 400
    decoder.put(Ended("done"))
    sink.wait_closed()
    assert decoder.errors == 0
    assert len(sink.pictures) + decoder.backlog.dropped["video"] == 40 * 20
    assert decoder._metrics.values[Metrics.key("rtmp_frames_dropped_total", media="video")] > 400
