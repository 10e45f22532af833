"""The multivariant playlist: which tracks, in which order, with which bandwidths."""

import event_views as event

from ringside.flow.mux.hls import Multivariant, multivariant

LADDER = [
    event.video("v1080", 5_000_000, 1080),
    event.video("v720", 2_800_000, 720),
    event.video("v480", 1_200_000, 480),
    event.video("v360", 600_000, 360),
]


def test_the_first_variant_is_the_best_that_peaks_at_two_megabits_and_the_rest_go_down() -> None:
    playlist = Multivariant.parse(multivariant([*LADDER, event.audio()]).decode())
    assert [v.uri.split("/")[0] for v in playlist.variants] == ["v480", "v1080", "v720", "v360"]


def test_when_every_variant_is_heavy_the_lightest_comes_first() -> None:
    playlist = Multivariant.parse(multivariant(LADDER[:2]).decode())
    assert [v.uri.split("/")[0] for v in playlist.variants] == ["v720", "v1080"]


def test_bandwidths_count_the_sound_that_is_played_along() -> None:
    track, sound = LADDER[1], event.audio()
    (variant,) = Multivariant.parse(multivariant([track, sound]).decode()).variants
    assert variant.inf.bandwidth == track.bandwidth_bps + sound.bandwidth_bps
    assert variant.inf.average_bandwidth == track.average_bps + sound.average_bps
    assert variant.inf.codecs == "avc1.64001F,mp4a.40.2"
    assert variant.inf.audio == "audio"


def test_an_event_without_sound_has_no_group() -> None:
    playlist = Multivariant.parse(multivariant(LADDER).decode())
    assert playlist.media == []
    assert {variant.inf.audio for variant in playlist.variants} == {None}
    assert {variant.inf.codecs for variant in playlist.variants} == {"avc1.64001F"}


def test_an_event_without_a_picture_has_its_sound_as_variant() -> None:
    playlist = Multivariant.parse(multivariant([event.audio()]).decode())
    assert playlist.media == []
    assert [(v.uri, v.inf.codecs, v.inf.resolution) for v in playlist.variants] == [("a/index.m3u8", "mp4a.40.2", None)]


def test_renditions_of_a_group_have_different_names_and_one_default() -> None:
    tracks = [LADDER[0], event.audio("a", "en"), event.audio("b", "en"), event.audio("c")]
    media = Multivariant.parse(multivariant(tracks).decode()).media
    assert len({rendition.name for rendition in media}) == 3
    assert [rendition.default for rendition in media] == [True, False, False]
    assert [rendition.language for rendition in media] == ["en", "en", None]


def test_an_event_without_tracks_is_still_a_playlist() -> None:
    assert Multivariant.parse(multivariant([]).decode()).variants == []


def test_segments_are_said_to_be_independent() -> None:
    assert Multivariant.parse(multivariant(LADDER).decode()).independent_segments


def test_the_title_of_an_event_is_one_quoted_line_whatever_is_in_it() -> None:
    text = multivariant(LADDER[:1], 'The "final"\n#EXT-X-ENDLIST').decode()
    assert '#EXT-X-SESSION-DATA:DATA-ID="ringside.title",VALUE="The \'final\' #EXT-X-ENDLIST"\n' in text
    assert Multivariant.parse(text).write() == text
    assert "SESSION-DATA" not in multivariant(LADDER[:1]).decode()
