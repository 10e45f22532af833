"""Tables shared by the viewers of a process: bounded, and the newest stay."""

from transfer import Came, TestViewer, TestWorld

from ringside.prove.crowd.player.base import Lane
from ringside.prove.crowd.player.hls import HlsPlayer
from ringside.prove.crowd.player.kept import MOST, keep
from ringside.prove.crowd.player.stock import HLS_JS


def test_what_is_kept_is_bounded_and_the_newest_is_in_it() -> None:
    table: dict[int, str] = {}
    for n in range(1000):
        assert keep(table, n, str(n), 10) == str(n)
        assert len(table) <= 10
        assert table[n] == str(n)
        assert n < 5 or n - 4 in table
    assert all(value == str(key) for key, value in table.items())


def test_a_server_that_names_ever_other_playlists_does_not_fill_memory() -> None:
    world = TestWorld(0)
    for n in range(2 * MOST):
        player = HlsPlayer("http://test/index.m3u8", HLS_JS, world, TestViewer(), 0.0, True)
        url = f"http://test/{n}.m3u8"
        playlist = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{url}\n".encode()
        request = world.request("http://test/index.m3u8", player._manifest.kind, keep=True)
        player.received(0.0, Lane.MANIFEST, Came(request, 200, "http://test/index.m3u8", playlist))
    assert 0 < len(world.shared("hls.renditions")) <= MOST
