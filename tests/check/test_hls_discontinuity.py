"""Changes from segment to segment: one stream that marks them, one that does not."""

from fractions import Fraction

from tests.check import media_streams
from tests.check.streams import BASE, Case, codes, event, fetch, plain, rules_of, stream, version

from ringside.core.media import Grid
from ringside.flow.mux import video_track
from ringside.prove.check.hls import discontinuity
from ringside.prove.check.seen import HlsStream, Media

SMALL = media_streams.video().track.init
NAME = "v720/index.m3u8"


def sized(width: int, height: int) -> bytes:
    """The header, for pictures of another size (ISO/IEC 14496-12 §12.1.3)."""
    at = SMALL.index(b"avc1") + 28
    assert SMALL[at : at + 4] == (320).to_bytes(2) + (180).to_bytes(2)
    return SMALL[:at] + width.to_bytes(2) + height.to_bytes(2) + SMALL[at + 4 :]


def dearer() -> bytes:
    """The header, of a higher bit rate."""
    grid, fps = Grid.video(Fraction(25)), Fraction(25)
    return video_track("v180", media_streams.SPS_PPS, grid, 320, 180, fps, 60_000, 300_000).init


def played(*inits: bytes, marked: int | None = None) -> HlsStream:
    """Segments with these headers, one of them after a DISCONTINUITY."""
    body = plain(0, len(inits))
    if marked is not None:
        body = body.replace(f"#EXTINF:2.000,\n{marked}.m4s", f"#EXT-X-DISCONTINUITY\n#EXTINF:2.000,\n{marked}.m4s")
    media = [Media(NAME, n, None, fetch(f"{BASE}{n}.m4s", 1.0, b"x"), init) for n, init in enumerate(inits)]
    return stream([version(body, 1.0, NAME)], media=media)


def test_a_change_of_size_is_marked() -> None:
    large = sized(640, 360)
    keeps, breaks = played(SMALL, SMALL, large, marked=2), played(SMALL, SMALL, large)
    Case(discontinuity.NEEDED, "another size, unmarked", discontinuity.changes_are_marked, keeps, breaks).check()
    [finding] = discontinuity.changes_are_marked(breaks)
    assert "width 320 became 640" in finding.seen
    assert finding.where.endswith("segment 2")


def test_that_is_the_one_rule() -> None:
    assert rules_of(discontinuity) == {discontinuity.NEEDED.id}


def test_sound_where_picture_was_is_marked() -> None:
    sound = media_streams.audio().track.init
    assert codes(discontinuity.changes_are_marked(played(SMALL, sound))) == [discontinuity.NEEDED.id]


def test_a_new_header_that_says_the_same_is_no_change() -> None:
    other = dearer()
    assert other != SMALL
    assert codes(discontinuity.changes_are_marked(played(SMALL, other))) == []


def test_headers_that_cannot_be_read_and_segments_that_were_not_fetched_are_not_judged() -> None:
    assert codes(discontinuity.changes_are_marked(played(SMALL, b"no header", SMALL))) == []
    assert codes(discontinuity.changes_are_marked(event())) == []
