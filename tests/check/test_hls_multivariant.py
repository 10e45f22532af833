"""The multivariant playlist: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import BASE, Case, codes, event, fetch, golden, rules_of, stream

from ringside.prove.check.hls import multivariant
from ringside.prove.check.seen import HlsStream

BOTH = golden("multivariant_video_and_audio.m3u8")
LANGUAGES = golden("multivariant_two_languages.m3u8")


def said(old: str = "", new: str = "", body: str = BOTH) -> HlsStream:
    """The playlist with one thing said otherwise."""
    assert old in body
    return stream({}, body.replace(old, new))


def raw(body: str) -> HlsStream:
    """A stream whose URL gave this."""
    return stream([], fetches=[fetch(BASE + "index.m3u8", 1.0, body)])


CAPTIONS = '#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="English",INSTREAM-ID="CC1"\n'
SURROUND = BOTH.replace("#EXT-X-STREAM-INF", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="5.1",NAME="Sound",CHANNELS="6",'
                        'URI="s/index.m3u8"\n#EXT-X-STREAM-INF', 1)  # fmt: skip
CASES = [
    Case(
        multivariant.BANDWIDTH, "a variant without", multivariant.bandwidth,
        raw(BOTH), raw(BOTH.replace("BANDWIDTH=1580000,AVERAGE-BANDWIDTH", "AVERAGE-BANDWIDTH")),
    ),
    Case(
        multivariant.CODECS, "a variant without", multivariant.described,
        said(), said('CODECS="avc1.64001F,mp4a.40.2",', ""),
    ),
    Case(
        multivariant.RESOLUTION, "picture of no size", multivariant.described, said(), said("RESOLUTION=853x480,", ""),
    ),
    Case(
        multivariant.FRAME_RATE, "picture of no rate", multivariant.described, said(), said("FRAME-RATE=30.000,", ""),
    ),
    Case(
        multivariant.GROUP, "sound that is not there", multivariant.groups_exist,
        said(), said('AUDIO="audio"\nv360', 'AUDIO="sound"\nv360'),
    ),
    Case(
        multivariant.NAMES, "two of one name", multivariant.groups,
        said(body=LANGUAGES), said('NAME="b"', 'NAME="en"', LANGUAGES),
    ),
    Case(
        multivariant.MEDIA, "captions with a playlist", multivariant.media_attributes,
        said("#EXT-X-STREAM-INF", CAPTIONS + "#EXT-X-STREAM-INF"),
        said("#EXT-X-STREAM-INF", CAPTIONS.replace('"CC1"', '"CC1",URI="cc.m3u8"') + "#EXT-X-STREAM-INF"),
    ),
    Case(
        multivariant.CHANNELS, "sound of unknown channels", multivariant.media_attributes,
        said(), said('CHANNELS="2",', ""),
    ),
    Case(
        multivariant.MEMBERS, "surround with one language more", multivariant.groups,
        said(body=SURROUND), said('NAME="Sound",CHANNELS="6"', 'NAME="Other",CHANNELS="6"', SURROUND),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(multivariant)


@pytest.mark.parametrize("name", ["audio_only", "two_languages", "video_and_audio", "video_only"])
def test_our_own_playlists_keep_them_all(name: str) -> None:
    body = golden(f"multivariant_{name}.m3u8")
    assert codes(finding for judge in multivariant.JUDGES for finding in judge(said(body=body))) == []
    assert codes(finding for judge in multivariant.JUDGES for finding in judge(event())) == []


def test_sound_alone_needs_neither_size_nor_rate() -> None:
    assert codes(multivariant.described(said(body=golden("multivariant_audio_only.m3u8")))) == []


def test_a_group_has_one_default() -> None:
    two = said('LANGUAGE="fr",', 'LANGUAGE="fr",DEFAULT=YES,', LANGUAGES)
    assert codes(multivariant.groups(two)) == ["hls.group-names"]


def test_captions_that_are_named_must_be_there_and_none_need_not() -> None:
    assert codes(multivariant.groups_exist(said('AUDIO="audio"', 'AUDIO="audio",CLOSED-CAPTIONS=NONE'))) == []
    missing = said('AUDIO="audio"', 'AUDIO="audio",CLOSED-CAPTIONS="cc"')
    assert codes(multivariant.groups_exist(missing)) == ["hls.group-exists"]


def test_subtitles_have_a_playlist() -> None:
    tag = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="English"\n#EXT-X-STREAM-INF'
    assert codes(multivariant.media_attributes(said("#EXT-X-STREAM-INF", tag))) == ["hls.media-attributes"]


def test_a_url_that_is_a_media_playlist_has_nothing_to_judge() -> None:
    alone = stream(golden("media_live.m3u8"))
    assert codes(finding for judge in multivariant.JUDGES for finding in judge(alone)) == []
