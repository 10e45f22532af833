"""Rules on tracks against manifest and one another, each broken in the manifest's words or the media's times."""

import media_streams as made
import pytest
from media_streams import broken, patched, rewrite

from ringside.core.boxes.box import box, u32
from ringside.core.boxes.retime import retime
from ringside.prove.check.cmaf import tracks as rules
from ringside.prove.check.cmaf.codecs import same_codec

LADDER = (made.video(), made.video("v90"), made.audio())
TWO = made.MULTIVARIANT + made.MULTIVARIANT.splitlines()[-2] + "\nv90\n"


def test_the_manifest_names_the_codec_of_the_header() -> None:
    assert broken(rules.codec, made.hls()) == broken(rules.codec, made.dash()) == set()
    other = made.MULTIVARIANT.replace("avc1.42C00C", "avc1.640028")
    assert broken(rules.codec, made.hls(multivariant=other)) == {"cmaf.codec"}
    sound = made.manifest().replace("mp4a.40.2", "ac-3")
    assert [finding.where for finding in rules.codec(made.dash(sound))] == ["a"]


def test_a_manifest_that_names_no_codec_is_believed() -> None:
    assert broken(rules.codec, made.hls(multivariant=made.MULTIVARIANT.replace("CODECS", "X-CODECS"))) == set()


SAME = (
    ("avc1.64001F", "avc1.64001f", True),
    ("avc1.64001F", "avc3.64001F", True),
    ("avc1.42C00C", "avc1.42E00C", True),
    ("avc1.64001F", "avc1.640020", False),
    ("avc1.64001F", "avc1.4D001F", False),
    ("avc1.64001F", "avc1", True),
    ("avc1.64001F", "", False),
    ("mp4a.40.2", "mp4a.40.5", True),
    ("mp4a.40.2", "mp4a.40.42", False),
    ("mp4a.40.2", "mp4a.69", False),
    ("hvc1.1.6.L93.B0", "hev1.1.6.L93.90", True),
    ("hvc1.1.6.L93.B0", "hvc1.2.4.L93.B0", False),
    ("av01.0.04M.08", "av01.0.04M.08.0.110.09", True),
    ("av01.0.04M.08", "av01.0.08M.08", False),
)


@pytest.mark.parametrize(("header", "named", "same"), SAME)
def test_codec_strings_are_compared_by_what_they_mean(header: str, named: str, same: bool) -> None:
    assert same_codec(header, named) is same


def test_a_switching_set_is_of_one_media_type() -> None:
    one_set = made.manifest().replace('v180"', 'x"').replace('id="a"', 'id="v180"')
    mixed = one_set.replace('<Representation id="x"', '<Representation id="a"/>\n<Representation id="v180"', 1)
    assert broken(rules.switching_set_media, made.dash(mixed)) == {"cmaf.switching-set-media"}
    assert broken(rules.switching_set_media, made.dash()) == set()
    group = made.MULTIVARIANT.replace('URI="a"', 'URI="v180"') + "".join(
        line.replace('NAME="a"', 'NAME="b"') + "\n" for line in made.MULTIVARIANT.splitlines() if "MEDIA:" in line
    )
    assert broken(rules.switching_set_media, made.hls(multivariant=group)) == {"cmaf.switching-set-media"}


def test_a_switching_set_has_one_timescale() -> None:
    stream = made.dash(cuts=LADDER)
    assert broken(rules.switching_set_timescale, stream) == set()
    scaled = made.with_init(stream, lambda i: rewrite(i, "moov/trak/mdia/mdhd", patched(20, u32(90_000))), "v90")
    assert broken(rules.switching_set_timescale, scaled) == {"cmaf.switching-set-timescale"}
    plain = made.with_init(scaled, lambda i: rewrite(i, "ftyp", lambda raw: box("ftyp", b"iso6", u32(0))), "v90")
    assert broken(rules.switching_set_timescale, plain) == set()


@pytest.mark.parametrize("stream", [made.dash(cuts=LADDER), made.hls(LADDER, multivariant=TWO)], ids=["dash", "hls"])
def test_segments_of_a_switching_set_begin_together(stream: object) -> None:
    assert broken(rules.switching_set_aligned, stream) == set()
    late = made.with_body(stream, lambda body: retime(body, 2000), lambda m: m.name == "v90")
    assert broken(rules.switching_set_aligned, late) == {"cmaf.switching-set-aligned"}


def test_hls_numbers_far_apart_in_time_are_not_compared() -> None:
    stream = made.hls(LADDER, multivariant=TWO)
    far = made.with_body(stream, lambda body: retime(body, 50_000), lambda m: m.name == "v90")
    assert broken(rules.switching_set_aligned, far) == set()


@pytest.mark.parametrize(("ticks", "keeps"), [(0, True), (300, True), (2048, False), (96_000, True)])
def test_sound_begins_within_a_frame_of_the_picture(ticks: int, keeps: bool) -> None:
    stream = made.with_body(made.hls(), lambda body: retime(body, ticks), lambda m: m.name == "a")
    assert broken(rules.audio_video_aligned, stream) == (set() if keeps else {"cmaf.audio-video-aligned"})


@pytest.mark.parametrize(
    ("starts_s", "judged"),
    [((14.7, 16.0, 18.0), [8, 9]), ((14.0, 16.0, 18.0), [7, 8, 9]), ((14.01, 16.0, 18.0), [7, 8, 9])],
)
def test_the_short_segment_an_event_opens_with_begins_whenever_its_first_sample_came(
    starts_s: tuple[float, ...], judged: list[int]
) -> None:
    segments = {7 + n: (start_s, 0.02) for n, start_s in enumerate(starts_s)}
    assert list(rules._without_a_short_first(segments)) == judged
