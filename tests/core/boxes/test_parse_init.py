"""CMAF headers as FFmpeg writes them, read by us; FFmpeg's own DASH muxer judges the codec strings."""

import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from box_streams import AAC, AV1, CMAF, H264, HEVC, SOURCES, init_of
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.boxes import BoxError, parse_init

Make = Callable[[str], bytes]

pytestmark = pytest.mark.peer


@pytest.mark.parametrize(("options", "name"), [(H264, "avc1"), (AV1, "av01"), (AAC, "mp4a")])
def test_the_codec_string_is_the_one_that_ffmpeg_puts_into_a_manifest(
    ffmpeg: Make, tmp_path: Path, options: str, name: str
) -> None:
    ours = parse_init(init_of(ffmpeg(f"{options} {CMAF}"))).codec
    command = f"ffmpeg -loglevel error {SOURCES} {options} -f dash {tmp_path}/manifest.mpd"
    subprocess.run(command.split(), check=True, capture_output=True)
    (theirs,) = re.findall(r'codecs="([^"]*)"', (tmp_path / "manifest.mpd").read_text())
    assert theirs.startswith(name)
    assert ours.lower() == theirs.lower()


def test_h264(ffmpeg: Make) -> None:
    header = parse_init(init_of(ffmpeg(f"{H264} -metadata:s:v language=fra {CMAF}")))
    assert (header.kind, header.codec) == ("video", "avc1.64001F")
    assert (header.width, header.height, header.timescale, header.track_id) == (320, 180, 12800, 1)
    assert (header.average_bps, header.language) == (700_000, "fra")
    assert header.bandwidth_bps == 900_000


def test_h264_with_parameter_sets_in_band(ffmpeg: Make) -> None:
    assert parse_init(init_of(ffmpeg(f"{H264} -tag:v avc3 {CMAF}"))).codec == "avc3.64001F"


@pytest.mark.parametrize("tag", ["hvc1", "hev1"])
@pytest.mark.parametrize(("pixels", "profile"), [("yuv420p", "1.6"), ("yuv420p10le", "2.4")])
def test_hevc(ffmpeg: Make, tag: str, pixels: str, profile: str) -> None:
    options = HEVC.replace("yuv420p", pixels)
    header = parse_init(init_of(ffmpeg(f"{options} -tag:v {tag} {CMAF}")))
    assert header.codec == f"{tag}.{profile}.L93.90"
    assert (header.width, header.height) == (320, 180)


@pytest.mark.parametrize(("pixels", "depth"), [("yuv420p", "08"), ("yuv420p10le", "10")])
def test_av1(ffmpeg: Make, pixels: str, depth: str) -> None:
    header = parse_init(init_of(ffmpeg(f"{AV1.replace('yuv420p', pixels)} {CMAF}")))
    assert header.codec == f"av01.0.00M.{depth}"
    assert (header.kind, header.width, header.height) == ("video", 320, 180)


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (44_100, 1), (96_000, 6)])
def test_aac(ffmpeg: Make, rate: int, channels: int) -> None:
    header = parse_init(init_of(ffmpeg(f"-map 1:a -c:a aac -ar {rate} -ac {channels} {CMAF}")))
    assert (header.kind, header.codec) == ("audio", "mp4a.40.2")
    assert (header.sample_rate, header.channels, header.timescale) == (rate, channels, rate)


def test_an_edit_list_that_cuts_the_encoders_delay_is_reported(ffmpeg: Make) -> None:
    movflags = "-movflags +frag_keyframe+delay_moov+default_base_moof -use_editlist 1 -f mp4"
    assert parse_init(init_of(ffmpeg(f"{AAC} {movflags}"))).edit_ticks == 1024


def test_two_tracks_in_one_header_are_refused(ffmpeg: Make) -> None:
    data = ffmpeg(f"-map 0:v -map 1:a -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac {CMAF}")
    with pytest.raises(BoxError, match="2 tracks in one header; send one track per request"):
        parse_init(init_of(data))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("-map 0:v -c:v mpeg4", "video codec mp4v is not supported"),
        ("-map 1:a -c:a flac -strict -2", "audio codec fLaC is not supported"),
        ("-map 1:a -c:a libopus", "audio codec Opus is not supported"),
        ("-map 1:a -c:a libmp3lame", "audio codec mp4a.6B is not supported"),
    ],
)
def test_a_codec_that_is_not_carried_is_refused_by_name(ffmpeg: Make, options: str, sentence: str) -> None:
    with pytest.raises(BoxError, match=sentence):
        parse_init(init_of(ffmpeg(f"{options} {CMAF}")))


def test_a_plain_mp4_is_told_from_a_fragmented_one(ffmpeg: Make) -> None:
    plain = ffmpeg(f"{AAC} -movflags +frag_keyframe+empty_moov -f mp4")
    moov_without_mvex = init_of(plain).replace(b"mvex", b"free")
    with pytest.raises(BoxError, match="the moov has no mvex: this is a plain MP4"):
        parse_init(moov_without_mvex)


@pytest.mark.parametrize("options", [H264, HEVC, AV1, AAC], ids=["h264", "hevc", "av1", "aac"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_header_is_read_or_refused_but_never_crashes(ffmpeg: Make, options: str, data: st.DataObject) -> None:
    damaged = bytearray(init_of(ffmpeg(f"{options} {CMAF}")))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for variant in (bytes(damaged), bytes(damaged[:cut])):
        with suppress(BoxError):
            assert parse_init(variant).timescale > 0
