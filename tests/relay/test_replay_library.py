"""What a recording offers: names read, what may be asked for as it grows and ends, and what it answers."""

import pytest
from shelf_of_segments import SOUND, START, VIDEO, Shelf

from ringside.cli.children.keeping import Manifests
from ringside.core.feed import Kept
from ringside.flow.mux.hls import MediaPlaylist, Multivariant
from ringside.flow.origin.replay import Asked, Kind, Library, asked


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/live/main/dvr.m3u8", Asked(Kind.MULTIVARIANT, False, "main")),
        ("/live/main/v720/dvr.m3u8?CMCD=x", Asked(Kind.PLAYLIST, False, "main", "v720")),
        ("/live/main/v720/12.m4s", Asked(Kind.SEGMENT, False, "main", "v720", number=12)),
        ("/replay/main/index.m3u8", Asked(Kind.MULTIVARIANT, True, "main")),
        ("/replay/main/index.mpd", Asked(Kind.MPD, True, "main")),
        ("/replay/main/a/index.m3u8", Asked(Kind.PLAYLIST, True, "main", "a")),
        ("/replay/main/a/init-0123abcd.mp4", Asked(Kind.HEADER, True, "main", "a", "init-0123abcd.mp4")),
        ("/replay/main/a/0.m4s", Asked(Kind.SEGMENT, True, "main", "a", number=0)),
        ("/replay/main/a/012.m4s", None),
        ("/replay/main/a/1.2.m4s", None),
        ("/replay/main/a/index.mpd", None),
        ("/live/main/index.m3u8", None),
        ("/live/main/v720/init-0123abcd.mp4", None),
        ("/replay/main/../x", None),
        ("/replay//index.m3u8", None),
        ("/replay/main/a/b/1.m4s", None),
        ("/replay/main/a/1.m4s/", None),
        ("/replay/main/a/１.m4s", None),
    ],
)
def test_paths_are_read_strictly(path: str, expected: Asked | None) -> None:
    assert asked(path) == expected


def offering(shelf: Shelf, dvr_s: float = 20) -> Library:
    return Library(shelf, Manifests(), dvr_s)


def wish(path: str) -> Asked:
    found = asked(path)
    assert found is not None
    return found


def test_nothing_is_offered_before_there_is_anything() -> None:
    assert offering(Shelf()).kept() == []


def test_a_running_event_offers_its_dvr_as_deep_as_is_wished_and_tells_only_what_changes() -> None:
    shelf = Shelf(4)
    library = offering(shelf)
    assert library.kept() == [
        Kept("/live/main", 0, -1, ("dvr.m3u8",)),
        Kept("/live/main/v720", START, START + 3, ("dvr.m3u8",)),
        Kept("/live/main/a", START, START + 3, ("dvr.m3u8",)),
    ]
    assert library.kept() == []
    shelf.grow(20)
    assert library.kept() == [
        Kept(f"/live/main/{name}", START + 14, START + 23, ("dvr.m3u8",)) for name in ("v720", "a")
    ]
    library.told_anew()
    assert len(library.kept()) == 3


def test_an_event_that_has_ended_is_on_demand_whole_and_one_that_goes_on_takes_it_back() -> None:
    shelf = Shelf(30)
    library = offering(shelf)
    library.kept()
    assert not library.has(wish("/replay/main/index.m3u8"))
    shelf.end()
    assert library.kept() == [
        Kept("/replay/main", 0, -1, ("index.m3u8", "index.mpd")),
        Kept("/replay/main/v720", START, START + 29, ("index.m3u8", VIDEO.init_name)),
        Kept("/replay/main/a", START, START + 29, ("index.m3u8", SOUND.init_name)),
    ]
    assert library.has(wish(f"/replay/main/v720/{START}.m4s"))
    assert not library.has(wish(f"/live/main/v720/{START}.m4s"))  # that is further back than the DVR reaches
    shelf.end(0)
    assert library.kept() == [Kept(f"/replay/main{name}", 0, -1) for name in ("", "/v720", "/a")]
    assert not library.has(wish("/replay/main/index.m3u8"))


def test_a_gap_and_what_is_not_recorded_are_not_there() -> None:
    shelf = Shelf()
    shelf.grow(6, 2)
    library = offering(shelf)
    there = [library.has(wish(f"/live/main/v720/{START + i}.m4s")) for i in range(-1, 7)]
    assert there == [False, True, True, False, True, True, True, False]
    assert not library.has(wish(f"/live/other/v720/{START}.m4s"))
    assert not library.has(wish(f"/live/main/v9/{START}.m4s"))
    assert library.text(wish("/live/main/v9/dvr.m3u8")) == b""


def text(library: Library, path: str) -> str:
    while (body := library.text(wish(path))) is None:
        pass
    return body.decode()


def test_the_dvr_lists_what_is_kept_and_nothing_more_when_the_event_has_ended() -> None:
    shelf = Shelf(30)
    library = offering(shelf)
    assert [v.uri for v in Multivariant.parse(text(library, "/live/main/dvr.m3u8")).variants] == ["v720/dvr.m3u8"]
    playlist = MediaPlaylist.parse(text(library, "/live/main/v720/dvr.m3u8"))
    assert (playlist.media_sequence, len(playlist.segments), playlist.ended) == (START + 20, 10, False)
    shelf.end()
    playlist = MediaPlaylist.parse(text(library, "/live/main/v720/dvr.m3u8"))
    assert (playlist.ended, playlist.playlist_type) == (True, None)


def test_a_replay_is_vod_from_the_first_segment_to_the_last() -> None:
    shelf = Shelf(30)
    library = offering(shelf)
    text(library, "/live/main/v720/dvr.m3u8")  # which has let go of what its window has passed
    shelf.end()
    playlist = MediaPlaylist.parse(text(library, "/replay/main/v720/index.m3u8"))
    assert (playlist.media_sequence, len(playlist.segments), playlist.playlist_type) == (START, 30, "VOD")
    assert playlist.ended
    assert 'type="static"' in text(library, "/replay/main/index.mpd")
    assert text(library, f"/replay/main/a/{SOUND.init_name}") == "sound header"
    assert text(library, "/replay/main/a/init-00.mp4") == ""


def test_a_library_without_dvr_offers_the_replay_alone() -> None:
    shelf = Shelf(30)
    shelf.end()
    library = offering(shelf, 0)
    assert {kept.folder for kept in library.kept()} == {"/replay/main", "/replay/main/v720", "/replay/main/a"}
    assert not library.has(wish("/live/main/dvr.m3u8"))
    assert not library.has(wish("/live/main/v720/dvr.m3u8"))
