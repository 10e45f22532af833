"""Playlists as shared memory: the chain of pieces, dates and delta updates, hints, directives, holes and renditions."""

import pytest
from hls_origin import BASE, EPOCH, PART_S, PARTS, SEGMENT_S, Origin
from hypothesis import given, settings
from hypothesis import strategies as st
from transfer import TestWorld

from ringside.flow.mux.hls import Malformed
from ringside.prove.crowd.player.base import Lane
from ringside.prove.crowd.player.hlslist import WHOLE, Listing, Piece, Rendition

URL = BASE + "v.m3u8"


def rendition(low_latency: bool = True, world: TestWorld | None = None) -> Rendition:
    return Rendition(world or TestWorld(EPOCH), URL, Lane.VIDEO, low_latency)


def read(into: Rendition, text: str, now_s: float = 0.0) -> Listing:
    return into.read(text.encode(), URL, now_s)


def chain(into: Rendition, piece: Piece | None) -> list[str]:
    found = []
    while piece is not None:
        found.append(repr(piece))
        piece = into.after(piece)
    return found


def plain(first: int, *durations: float, more: str = "") -> str:
    lines = "".join(f"#EXTINF:{length},\n{first + n}.ts\n" for n, length in enumerate(durations))
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{first}\n{lines}{more}"


# -- pieces and where they are


def test_pieces_stand_where_their_dates_say() -> None:
    origin, found = Origin(), rendition()
    listing = read(found, origin.playlist("v", 5.3))
    assert listing.edge_s == EPOCH + 5.0
    assert listing.start_s == EPOCH + (2 - origin.window) * SEGMENT_S
    assert (listing.last_msn, listing.last_part) == (origin.number_0 + 2, 1)
    first = found.first_of(origin.number_0)
    assert first is not None
    assert (first.part, first.start_s, first.end_s) == (0, EPOCH, EPOCH + PART_S)
    assert first.request.url == f"{BASE}v/{origin.number_0}.0.m4s"
    assert first.init is not None
    assert first.init.url == f"{BASE}v/init.mp4"


def test_the_chain_goes_from_whole_segments_over_to_parts() -> None:
    origin, found = Origin(), rendition()
    read(found, origin.playlist("v", 5.3))
    zero = origin.number_0
    oldest = found.locate(0.0)
    assert chain(found, oldest)[-13:] == [
        *[str(zero - n) for n in (3, 2, 1)],
        *[f"{zero + segment}.{part}" for segment in (0, 1) for part in range(PARTS)],
        *[f"{zero + 2}.{part}" for part in range(2)],
    ]


def test_the_end_of_the_chain_goes_on_when_more_is_listed() -> None:
    origin, found = Origin(), rendition()
    read(found, origin.playlist("v", 5.3))
    last = found.locate(EPOCH + 4.9)
    while (following := found.after(last)) is not None:
        last = following
    assert repr(last) == f"{origin.number_0 + 2}.1"
    read(found, origin.playlist("v", 6.6))
    assert chain(found, last)[1:] == [
        f"{origin.number_0 + 2}.2",
        f"{origin.number_0 + 2}.3",
        f"{origin.number_0 + 3}.0",
    ]


def test_without_low_latency_only_whole_segments_are_known() -> None:
    origin, found = Origin(), rendition(low_latency=False)
    listing = read(found, origin.playlist("v", 5.3))
    assert {piece.part for piece in found._pieces.values()} == {WHOLE}
    assert listing.edge_s == EPOCH + 4.0


@pytest.mark.parametrize(("position_s", "expected"), [(-100, -6), (0.0, 0), (0.4, 0), (1.9, 0), (2.0, 1), (99, 2)])
def test_a_position_is_found_at_the_last_independent_piece_before_it(position_s: float, expected: int) -> None:
    origin, found = Origin(), rendition()
    read(found, origin.playlist("v", 5.3))
    piece = found.locate(EPOCH + position_s)
    assert piece is not None
    assert piece.msn - origin.number_0 == expected
    assert piece.part in (0, WHOLE)


def test_an_independent_part_within_a_segment_will_do() -> None:
    found = rendition()
    parts = "".join(f'#EXT-X-PART:DURATION=1,URI="p{n}"{",INDEPENDENT=YES" if n in (0, 2) else ""}\n' for n in range(4))
    read(found, "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PART-INF:PART-TARGET=1\n" + parts)
    assert [repr(found.locate(at_s)) for at_s in (0.0, 1.5, 2.0, 3.5)] == ["0.0", "0.0", "0.2", "0.2"]


def test_nothing_listed_is_nowhere() -> None:
    found = rendition()
    listing = read(found, "#EXTM3U\n#EXT-X-TARGETDURATION:4\n")
    assert found.locate(0.0) is None
    assert (listing.edge_s, listing.last_part) == (0.0, WHOLE)


# -- without dates


def test_without_dates_positions_go_on_from_version_to_version() -> None:
    found = rendition()
    first = read(found, plain(5, 4.0, 3.5, 4.0), now_s=100.0)
    assert first.edge_s - first.start_s == 11.5
    second = read(found, plain(6, 3.5, 4.0, 2.0), now_s=104.0)
    assert second.start_s == first.start_s + 4.0
    assert second.edge_s == first.edge_s + 2.0
    assert found.first_seen_s == min(100.0 - first.edge_s, 104.0 - second.edge_s)


def test_without_dates_the_first_segment_of_all_is_at_zero() -> None:
    listing = read(rendition(), plain(0, 4.0, 4.0, more="#EXT-X-ENDLIST\n"))
    assert (listing.start_s, listing.edge_s, listing.ended) == (0.0, 8.0, True)


def test_a_jump_of_the_media_sequence_is_survived() -> None:
    found = rendition()
    read(found, plain(5, 4.0, 4.0))
    read(found, plain(5000, 4.0, 4.0))
    assert chain(found, found.locate(1e9)) == ["5001"]
    read(found, plain(3, 4.0, 4.0))
    assert found.locate(1e9) is not None


# -- delta updates


def test_a_delta_update_says_all_that_the_whole_would() -> None:
    """Read after a whole playlist, a delta leaves the same edges, dates and pieces as the whole does."""
    origin, by_delta, by_whole = Origin(), rendition(), rendition()
    for step, now_s in enumerate((5.3, 5.8, 6.3, 6.8, 7.3)):
        delta = read(by_delta, origin.playlist("v", now_s, skip=step > 0), now_s)
        full = read(by_whole, origin.playlist("v", now_s), now_s)
        for name in ("start_s", "edge_s", "first_msn", "last_msn", "last_part", "dated", "hint", "reports"):
            assert getattr(delta, name) == getattr(full, name), name
    assert "#EXT-X-SKIP" in origin.playlist("v", 7.3, skip=True)
    assert by_delta._pieces.keys() == by_whole._pieces.keys()
    for key, piece in by_delta._pieces.items():
        other = by_whole._pieces[key]
        assert (piece.start_s, piece.end_s, piece.independent) == (other.start_s, other.end_s, other.independent)
        assert piece.init is not None
        assert piece.init.url == other.init.url  # type: ignore[union-attr]


def test_a_delta_update_may_leave_the_only_date_out() -> None:
    found = rendition()
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=24\n#EXT-X-MEDIA-SEQUENCE:7\n"
    date = "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n"
    segments = [f"#EXTINF:4,\n{n}.m4s\n" for n in range(7, 12)]
    whole = read(found, head + date + "".join(segments[:4]))
    delta = read(found, head + "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n" + "".join(segments[2:]))
    assert (whole.dated, delta.dated) == (True, True)
    assert delta.start_s == whole.start_s
    assert delta.edge_s == whole.edge_s + 4.0


# -- what it asks for


def reload_of(text: str, low_latency: bool = True) -> str | None:
    listing = read(rendition(low_latency), text)
    return listing.reload[0].request.url.removeprefix(URL) if listing.reload else None


def test_directives_name_what_comes_next() -> None:
    origin = Origin()
    zero = origin.number_0
    skip = "&_HLS_skip=YES"
    assert reload_of(origin.playlist("v", 5.3)) == f"?_HLS_msn={zero + 2}&_HLS_part=2{skip}"
    assert reload_of(origin.playlist("v", 6.1)) == f"?_HLS_msn={zero + 3}&_HLS_part=0{skip}"
    assert reload_of(origin.playlist("v", 6.1), low_latency=False) == f"?_HLS_msn={zero + 3}{skip}"
    assert reload_of(origin.playlist("v", 5.3), low_latency=False) == f"?_HLS_msn={zero + 2}{skip}"
    assert reload_of(Origin(deltas=False).playlist("v", 6.1)) == f"?_HLS_msn={zero + 3}&_HLS_part=0"
    assert reload_of(Origin(low_latency=False).playlist("v", 6.1)) == f"?_HLS_msn={zero + 3}{skip}"


def test_there_is_no_blocking_reload_where_the_server_does_not_block_or_it_is_over() -> None:
    assert reload_of(Origin(blocks=False).playlist("v", 6.1)) is None
    assert reload_of(Origin(ends_s=6.0).playlist("v", 6.1)) is None


def test_directives_are_added_to_a_query_that_is_there() -> None:
    found = Rendition(TestWorld(EPOCH), URL + "?token=1", Lane.VIDEO, True)
    listing = found.read(Origin().playlist("v", 6.1).encode(), "http://cdn/elsewhere.m3u8", 0.0)
    assert listing.reload[0].request.url.startswith(URL + "?token=1&_HLS_msn=")
    piece = found.locate(0.0)
    assert piece is not None
    assert piece.request.url.startswith("http://cdn/v/")


def test_equal_bytes_are_read_once_and_memory_is_bounded() -> None:
    origin, found = Origin(), rendition()
    assert read(found, origin.playlist("v", 5.3)) is read(found, origin.playlist("v", 5.3))
    for step in range(400):
        read(found, origin.playlist("v", 6.0 + step * PART_S))
    assert len(found._listings) <= 64
    assert len(found._pieces) <= (origin.window + 2) * (PARTS + 1)


# -- hints


def test_the_part_of_a_hint_is_known_before_it_is_listed_and_stays_the_same() -> None:
    origin, found = Origin(), rendition()
    listing = read(found, origin.playlist("v", 5.3))
    last = found._pieces[origin.number_0 + 2, 1]
    assert found.after(last) is None
    hinted = found.hinted(listing, last)
    assert hinted is not None
    assert (repr(hinted), hinted.hinted) == (f"{origin.number_0 + 2}.2", True)
    assert hinted.request.url == f"{BASE}v/{origin.number_0 + 2}.2.m4s"
    read(found, origin.playlist("v", 5.8))
    assert found.after(last) is hinted
    assert hinted.hinted is False


def test_after_a_whole_segment_the_hint_is_of_the_next() -> None:
    origin, found = Origin(), rendition()
    listing = read(found, origin.playlist("v", 6.1))
    last = found._pieces[origin.number_0 + 2, PARTS - 1]
    hinted = found.hinted(listing, last)
    assert repr(hinted) == f"{origin.number_0 + 3}.0"


def test_a_hint_is_for_those_at_the_edge_only() -> None:
    origin, found = Origin(), rendition()
    listing = read(found, origin.playlist("v", 5.3))
    assert found.hinted(listing, found._pieces[origin.number_0, 0]) is None
    without = read(rendition(), plain(0, 4.0))
    assert found.hinted(without, found._pieces[origin.number_0 + 2, 1]) is None


# -- what is no playlist


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n"])
def test_what_is_no_media_playlist_is_an_error_of_its_own_kind(body: bytes) -> None:
    with pytest.raises((Malformed, ValueError)):
        rendition().read(body, URL, 0.0)


LINES = st.sampled_from(
    [
        *Origin().playlist("v", 5.3, skip=True).splitlines(),
        *plain(3, 4.0, 0.0).splitlines(),
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=9",
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(LINES, max_size=30), st.lists(LINES, max_size=30))
def test_lines_in_any_order_are_read_or_refused_and_the_chain_ends(first: list[str], second: list[str]) -> None:
    found = rendition()
    for lines in (first, second):
        try:
            listing = read(found, "\n".join(["#EXTM3U", *lines]) + "\n")
        except (Malformed, ValueError, OverflowError):
            continue
        assert len(chain(found, found.locate(0.0))) <= 61
        assert len(chain(found, found.locate(1e10))) <= 61
        assert listing.last_msn >= listing.first_msn - 1
