"""Real judges on what the mux writes: ffprobe and ffmpeg read it from the first byte to the last."""

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from mux_encoders import START_S, TIMELINE, Encoded, encode_video

from ringside.core.boxes import BoxError, parse_init
from ringside.core.boxes.box import boxes
from ringside.core.media import Grid
from ringside.flow.mux import Segmenter, audio_track, video_track

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing"),
]


def stream_of(encoded: Encoded, frames_per_chunk: int = 0) -> bytes:
    """The header and every chunk, as a player would append them."""
    segmenter = Segmenter(encoded.track, encoded.grid, TIMELINE, frames_per_chunk)
    chunks = [chunk for frame in encoded.frames for chunk in segmenter.push(frame)]
    rest = segmenter.end()
    if rest and rest[0].start_ticks > chunks[-1].start_ticks:
        chunks += rest
    return encoded.track.init + b"".join(chunk.data for chunk in chunks)


def ffprobe(data: bytes, *options: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "warning", "-of", "json", *options, "-i", "pipe:0"]
    judged = subprocess.run(command, input=data, capture_output=True, check=True)
    assert judged.stderr == b""
    return json.loads(judged.stdout)


def decodes(*options: str, data: bytes = b"") -> None:
    """FFmpeg decodes everything without a warning."""
    command = ["ffmpeg", "-v", "warning", "-xerror", *options, "-f", "null", "-"]
    judged = subprocess.run(command, input=data, capture_output=True, check=False)
    assert (judged.returncode, judged.stderr) == (0, b"")


@pytest.mark.parametrize("kind", ["video", "audio"])
@pytest.mark.parametrize("frames_per_chunk", [0, 1])
def test_ffmpeg_decodes_every_frame(kind: str, frames_per_chunk: int, request: pytest.FixtureRequest) -> None:
    encoded: Encoded = request.getfixturevalue(kind)
    decodes("-i", "pipe:0", data=stream_of(encoded, frames_per_chunk))


def test_sound_and_picture_play_together(video: Encoded, audio: Encoded, tmp_path: Path) -> None:
    inputs = []
    for encoded in (video, audio):
        path = tmp_path / f"{encoded.track.name}.mp4"
        path.write_bytes(stream_of(encoded))
        inputs += ["-i", str(path)]
    decodes(*inputs, "-map", "0:v", "-map", "1:a")


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(60)])
def test_every_picture_has_its_time_of_capture_to_the_tick(fps: Fraction) -> None:
    encoded = encode_video(fps, seconds=2.5)
    packets = ffprobe(stream_of(encoded), "-show_packets")["packets"]
    assert [int(p["pts"]) for p in packets] == [frame.index * encoded.grid.frame_ticks for frame in encoded.frames]
    assert [p["pts"] for p in packets] == [p["dts"] for p in packets]
    assert abs(float(packets[0]["pts_time"]) - START_S) < 1 / fps
    assert [p["flags"].startswith("K") for p in packets] == [frame.key for frame in encoded.frames]


def test_every_block_of_sound_has_its_time_to_the_tick(audio: Encoded) -> None:
    packets = ffprobe(stream_of(audio), "-show_packets")["packets"]
    assert [int(p["pts"]) for p in packets] == [frame.index * 1024 for frame in audio.frames]
    assert [int(p["size"]) for p in packets] == [len(frame.data) for frame in audio.frames]


def test_the_header_says_what_the_stream_is(video: Encoded, audio: Encoded) -> None:
    (picture,) = ffprobe(stream_of(video), "-show_streams")["streams"]
    assert (picture["codec_name"], picture["codec_tag_string"]) == ("h264", "avc1")
    assert (picture["width"], picture["height"], picture["time_base"]) == (320, 180, "1/30000")
    assert picture["r_frame_rate"] == "30/1"
    (sound,) = ffprobe(stream_of(audio), "-show_streams")["streams"]
    assert (sound["codec_name"], sound["profile"], sound["sample_rate"], sound["channels"]) == ("aac", "LC", "48000", 2)
    assert sound["tags"]["language"] == "eng"


def test_our_own_reader_agrees(video: Encoded, audio: Encoded) -> None:
    for encoded in (video, audio):
        header, track = parse_init(encoded.track.init), encoded.track
        assert (header.kind, header.codec, header.timescale) == (track.kind, track.codec, track.timescale)
        assert (header.width, header.height) == (track.width, track.height)
        assert (header.sample_rate, header.channels, header.language) == (
            track.sample_rate, track.channels, track.language,
        )  # fmt: skip
        assert (header.bandwidth_bps, header.average_bps) == (track.bandwidth_bps, track.average_bps)
        assert header.default_duration == encoded.grid.frame_ticks
        assert header.edit_ticks == 0


def test_the_header_has_nothing_that_cmaf_forbids(video: Encoded, audio: Encoded) -> None:
    for encoded in (video, audio):
        top = list(boxes(encoded.track.init))
        assert [found.type for found in top] == ["ftyp", "moov"]
        assert [found.type for found in boxes(top[1].body)] == ["mvhd", "trak", "mvex"]
        for forbidden in (b"meta", b"udta", b"elst"):
            assert forbidden not in encoded.track.init


X264 = "-f lavfi -i testsrc2=size={size}:rate=25:duration=0.2 -c:v libx264 -bsf:v filter_units=pass_types=7-8 -f h264"


def extradata(size: str = "320x180", options: str = "-pix_fmt yuv420p") -> bytes:
    """SPS and PPS of x264 under other settings than the studio's."""
    command = f"ffmpeg -v error {X264.format(size=size).replace(' -bsf', f' {options} -bsf')} pipe:1"
    return subprocess.run(command.split(), capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("size", "options", "profile"),
    [
        ("320x180", "-pix_fmt yuv420p", "64"),
        ("322x182", "-pix_fmt yuv420p", "64"),  # cropped on both sides
        ("320x180", "-pix_fmt yuv420p10le", "6E"),
        ("320x180", "-pix_fmt yuv422p", "7A"),
        ("320x180", "-pix_fmt yuv444p", "F4"),
        ("320x240", "-pix_fmt yuv420p -flags +ildct+ilme", "64"),  # interlaced: field-coded height
        ("320x180", "-pix_fmt yuv420p -x264-params cqm=jvt", "64"),  # with scaling matrices
        ("320x180", "-pix_fmt yuv420p -profile:v main", "4D"),
    ],
)
def test_any_parameter_set_of_x264_is_understood(size: str, options: str, profile: str) -> None:
    width, height = map(int, size.split("x"))
    track = video_track("v", extradata(size, options), Grid.video(Fraction(25)), width, height, Fraction(25), 1, 2)
    assert track.codec.startswith(f"avc1.{profile}")
    assert parse_init(track.init).codec == track.codec


def test_the_shape_and_colour_of_a_pixel_are_repeated_from_the_picture() -> None:
    colour = "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv"
    bt709 = f"-pix_fmt yuv420p -vf setsar=4/3 {colour}"
    init = video_track("v", extradata(options=bt709), Grid.video(Fraction(25)), 320, 180, Fraction(25), 1, 2).init
    assert bytes.fromhex("00000010 70617370 00000004 00000003") in init
    assert bytes.fromhex("00000013 636f6c72 6e636c78 0001 0001 0001 00") in init


def test_an_encoder_that_makes_another_size_is_found_out() -> None:
    with pytest.raises(BoxError, match="v720: the encoder makes 320x180 where 1280x720 was asked for"):
        video_track("v720", extradata(), Grid.video(Fraction(25)), 1280, 720, Fraction(25), 1, 2)


def test_extradata_without_parameter_sets_is_refused() -> None:
    with pytest.raises(BoxError, match="v720: the encoder's extradata lacks its SPS or PPS"):
        video_track("v720", b"\0\0\0\1\x09\xf0", Grid.video(Fraction(25)), 1280, 720, Fraction(25), 1, 2)


def test_two_encoders_with_equal_settings_share_a_header(video: Encoded) -> None:
    assert encode_video(seconds=0.1).track.init_name == video.track.init_name


def test_a_mono_track_at_another_rate_says_so() -> None:
    grid = Grid.audio(44_100)
    track = audio_track("a", bytes.fromhex("1208"), grid, 1, 64_000, 96_000, "deu")
    header = parse_init(track.init)
    assert (header.sample_rate, header.channels, header.timescale, header.language) == (44_100, 1, 44_100, "deu")
