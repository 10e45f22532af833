"""HTTP/3 through Caddy: a real event's held playlists and parts, and what Caddy passes on, by a client on aioquic."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.deploy.folders import open_folder
from tests.deploy.fronts import Front, caddy
from tests.deploy.recorder import PIECES, Recorder, recording
from tests.e2e.conftest import Running, get, until

pytest.importorskip("aioquic", reason="aioquic is not installed: pip install aioquic")
from tests.deploy.h3 import Client, h3

pytestmark = pytest.mark.peer
HINT = re.compile(r'PRELOAD-HINT:TYPE=PART,URI="((\d+)\.(\d+)\.m4s)"')


@pytest.fixture(scope="module")
def live(event: Running) -> Iterator[Front]:
    with open_folder() as folder, caddy(folder, event.port) as front:
        yield front


@pytest.fixture(scope="module")
def origin() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture(scope="module")
def before_recorder(origin: Recorder) -> Iterator[Front]:
    with open_folder() as folder, caddy(folder, origin.server_port) as front:
        yield front


async def _hinted(client: Client, track: str) -> tuple[str, str, str]:
    reply = await client.get(f"/live/main/{track}/index.m3u8")
    found = HINT.search((await reply.body()).decode())
    assert found is not None
    return found[1], found[2], found[3]


async def _reloaded(client: Client, track: str) -> None:
    """Ask for a playlist with the part that does not exist yet: it comes with that part listed."""
    uri, msn, part = await _hinted(client, track)
    reply = await client.get(f"/live/main/{track}/index.m3u8?_HLS_msn={msn}&_HLS_part={part}")
    assert reply.status == 200
    assert reply.fields["content-type"] == "application/vnd.apple.mpegurl"
    assert f'URI="{uri}"' in re.sub("#EXT-X-PRELOAD-HINT.*", "", (await reply.body()).decode())


def test_held_playlists_come_by_http3_several_on_one_connection(live: Front) -> None:
    async def watch() -> None:
        async with h3(live.port, live.folder / "cert.pem") as client:
            for _ in range(3):
                await asyncio.gather(*(_reloaded(client, track) for track in ("v180", "v240", "a")))

    asyncio.run(watch())


def test_a_hinted_part_comes_by_http3_as_the_origin_has_it(live: Front, event: Running) -> None:
    async def fetch() -> tuple[str, bytes]:
        async with h3(live.port, live.folder / "cert.pem") as client:
            uri, _, _ = await _hinted(client, "v180")
            reply = await client.get(f"/live/main/v180/{uri}")
            assert reply.status == 200
            return uri, await reply.body()

    uri, body = asyncio.run(fetch())
    assert body == get(f"{event.url}/live/main/v180/{uri}")


def test_playlists_come_by_http3_as_gzip(live: Front) -> None:
    async def fetch() -> str:
        async with h3(live.port, live.folder / "cert.pem") as client:
            reply = await client.get("/live/main/v180/index.m3u8", **{"accept-encoding": "gzip"})
            return reply.fields["content-encoding"]

    assert asyncio.run(fetch()) == "gzip"


def test_browsers_are_told_of_http3(live: Front) -> None:
    assert f'h3=":{live.port}"' in live.ask("/live/main/index.m3u8").fields["alt-svc"]


def test_chunks_of_a_segment_in_the_making_go_on_by_http3_as_they_come(
    before_recorder: Front, origin: Recorder
) -> None:
    async def fetch() -> bytes:
        async with h3(before_recorder.port, before_recorder.folder / "cert.pem") as client:
            reply, seen = await client.get("/live/main/v180/growing.m4s"), b""
            async for piece in reply.pieces():
                seen += piece
                if seen == PIECES[0]:
                    origin.go_on.set()
            return seen

    origin.go_on.clear()
    assert asyncio.run(fetch()) == b"".join(PIECES)


@pytest.mark.parametrize("path", ["/feed", "/ingest/main/v180"])
def test_what_is_for_encoders_and_edges_is_not_passed_on(before_recorder: Front, origin: Recorder, path: str) -> None:
    assert before_recorder.ask(path).status == 404
    assert before_recorder.ask(path, "POST").status == 404
    assert path not in origin.asked


@pytest.mark.parametrize("path", ["/status", "/status.json", "/status/events", "/metrics", "/healthz"])
def test_what_is_for_the_house_is_shown_to_the_house(before_recorder: Front, path: str) -> None:
    assert before_recorder.ask(path).status == 200
    assert before_recorder.ask(path, source="127.0.0.2").status == 403


def test_a_connection_to_the_origin_serves_many_requests(before_recorder: Front, origin: Recorder) -> None:
    before_recorder.ask("/clock")
    begun = origin.begun
    with closing(before_recorder.connect()) as connection:
        for _ in range(20):
            connection.request("GET", "/clock")
            assert connection.getresponse().read()
    assert origin.begun == begun


def test_while_the_origin_is_away_refusals_can_be_read(before_recorder: Front, origin: Recorder) -> None:
    with origin.away():
        answer = before_recorder.ask("/live/main/v180/index.m3u8")
    assert answer.status == 503
    assert answer.fields["access-control-allow-origin"] == "*"
    assert answer.fields["retry-after"] == "1"
    until(lambda: before_recorder.ask("/clock").status == 200, "the origin's return is noticed")
