"""Playlists: what they are made of, and that whatever parses writes back."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.flow.mux.hls import Malformed, MediaPlaylist, Multivariant, Unknown, lines

GOLDEN = Path(__file__).parent.parent / "golden"
MEDIA = sorted(path.name for path in GOLDEN.glob("media_*.m3u8"))
MULTIVARIANT = sorted(path.name for path in GOLDEN.glob("multivariant_*.m3u8"))

FOREIGN = """#EXTM3U
#EXT-X-VERSION:7
## a comment
#EXT-X-TARGETDURATION:6\r

#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-VENDOR-THING:whatever, "it is
#EXT-X-KEY:METHOD=AES-128,URI="key.bin",IV=0x0000000000000000000000000000000A
#EXT-X-MAP:URI="init.mp4",BYTERANGE="700@0"
#EXT-X-DATERANGE:ID="ad-1",CLASS="ad",START-DATE="2026-09-21T14:13:20Z",DURATION=30.5,SCTE35-OUT=0xFC2F,X-NOTE="b, c"
#EXTINF:6.006,A title, with a comma
#EXT-X-BYTERANGE:1000@700
all.mp4
#EXT-X-DISCONTINUITY
#EXT-X-BITRATE:2000
#EXTINF:5
#EXT-X-GAP
missing.mp4
#EXT-X-ENDLIST
"""


def golden(name: str) -> str:
    return (GOLDEN / name).read_bytes().decode()


@pytest.mark.parametrize("name", MEDIA)
def test_a_golden_media_playlist_writes_back_byte_for_byte(name: str) -> None:
    playlist = MediaPlaylist.parse(golden(name))
    assert playlist.write() == golden(name)
    assert not playlist.unreadable


@pytest.mark.parametrize("name", MULTIVARIANT)
def test_a_golden_multivariant_playlist_writes_back_byte_for_byte(name: str) -> None:
    playlist = Multivariant.parse(golden(name))
    assert playlist.write() == golden(name)
    assert not playlist.unreadable


def test_there_are_golden_playlists() -> None:
    assert len(MEDIA) >= 4
    assert len(MULTIVARIANT) >= 3


def test_a_foreign_playlist_is_understood() -> None:
    playlist = MediaPlaylist.parse(FOREIGN)
    first, second = playlist.segments
    assert (playlist.version, playlist.target_duration, playlist.media_sequence) == (7, 6, 100)
    assert (playlist.playlist_type, playlist.ended) == ("EVENT", True)
    assert playlist.header[-1] == Unknown("EXT-X-VENDOR-THING", 'whatever, "it is')
    assert (first.uri, first.duration, second.duration) == ("all.mp4", Decimal("6.006"), Decimal(5))
    assert first.map
    assert first.map.byterange
    assert first.map.byterange.text == "700@0"
    assert (first.discontinuity, second.discontinuity, second.gap) == (False, True, True)
    assert [number for number, _ in playlist.numbered()] == [100, 101]
    assert not playlist.unreadable


def test_a_foreign_playlist_writes_back_tag_for_tag() -> None:
    playlist = MediaPlaylist.parse(FOREIGN)
    assert MediaPlaylist.parse(playlist.write()) == playlist
    assert "A title, with a comma" in playlist.write()
    assert "#EXT-X-BITRATE:2000" in playlist.write()


def test_the_segment_in_progress_has_parts_and_no_uri() -> None:
    playlist = MediaPlaylist.parse(golden("media_live.m3u8"))
    last = playlist.segments[-1]
    assert last.uri == ""
    assert last.duration is None
    assert [part.uri for part in last.parts] == [f"895000008.{p}.m4s" for p in range(4)]
    assert [hint.uri for hint in playlist.hints] == ["895000008.4.m4s"]
    assert [report.uri for report in playlist.reports] == ["../a/index.m3u8"]


def test_a_skipped_segment_still_counts_towards_the_numbers() -> None:
    playlist = MediaPlaylist.parse(golden("media_delta.m3u8"))
    assert playlist.skipped == 2
    assert next(playlist.numbered())[0] == playlist.media_sequence + 2


def test_one_bad_line_does_not_hide_the_rest() -> None:
    text = golden("media_live.m3u8").replace("DURATION=0.200000", "DURATION=0,2", 1)
    playlist = MediaPlaylist.parse(text)
    (bad,) = playlist.unreadable
    assert bad.reason.startswith("EXT-X-PART: not an attribute list from '2,URI=")
    assert len(playlist.segments) == 9
    assert playlist.write() == text


def test_the_two_kinds_of_playlist_are_not_mixed_up() -> None:
    with pytest.raises(Malformed, match="EXT-X-TARGETDURATION stands in a multivariant playlist"):
        Multivariant.parse(golden("media_live.m3u8"))
    with pytest.raises(Malformed, match="EXT-X-MEDIA stands in a media playlist"):
        MediaPlaylist.parse(golden("multivariant_video_and_audio.m3u8"))
    with pytest.raises(Malformed, match=r"'a\.m3u8' has no EXT-X-STREAM-INF before it"):
        Multivariant.parse("#EXTM3U\na.m3u8\n")


def test_a_foreign_multivariant_playlist_is_understood() -> None:
    text = (
        "#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=\"t\"\n"
        '#EXT-X-CONTENT-STEERING:SERVER-URI="/steer",PATHWAY-ID="east"\n'
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"\n'
        '#EXT-X-SESSION-DATA:DATA-ID="x",VALUE="y"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=2\nv.m3u8\n"
    )  # fmt: skip
    playlist = Multivariant.parse(text)
    assert playlist.write() == text
    assert [(v.uri, v.inf.bandwidth) for v in playlist.variants] == [("v.m3u8", 2)]


LINES = st.one_of(
    st.sampled_from(FOREIGN.splitlines()),
    st.sampled_from(sorted(lines.BY_NAME)).map("#{}".format),
    st.builds("#{}:{}".format, st.sampled_from(sorted(lines.BY_NAME)), st.text(max_size=20)),
    st.text(max_size=30),
)


@given(st.lists(LINES, max_size=25), st.sampled_from(["\n", "\r\n"]))
def test_whatever_parses_writes_back(body: list[str], end: str) -> None:
    text = end.join(["#EXTM3U", *body])
    for kind in (MediaPlaylist, Multivariant):
        try:
            playlist = kind.parse(text)
        except Malformed:
            continue
        assert kind.parse(playlist.write()) == playlist
