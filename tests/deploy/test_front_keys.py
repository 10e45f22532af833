"""What the caches of deploy/ keep, under which name, for how long: Varnish and nginx before an origin that records."""

import gzip
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.deploy.folders import open_folder
from tests.deploy.fronts import Answer, Front, nginx, varnish
from tests.deploy.recorder import PIECES, Recorder, recording
from tests.e2e.conftest import until

pytestmark = pytest.mark.peer
V = "/live/main/v180"


@pytest.fixture(scope="module")
def origin() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture(scope="module", params=[varnish, nginx], ids=["varnish", "nginx"])
def front(request: pytest.FixtureRequest, origin: Recorder) -> Iterator[Front]:
    origin.asked.clear()
    origin.go_on.clear()
    with open_folder() as folder, request.param(folder, origin.server_port) as running:
        until(lambda: running.ask(f"{V}/0.m4s").status == 200, f"{running.name} reaches the origin")
        yield running


def _all(count: int, ask: Callable[[], Answer]) -> list[Answer]:
    with ThreadPoolExecutor(count) as pool:
        return [future.result(30) for future in [pool.submit(ask) for _ in range(count)]]


def _asked_for(seconds: float, ask: Callable[[], Answer]) -> list[Answer]:
    """All that came in a time longer than what was kept lasts."""
    until_s, answers = time.monotonic() + seconds, []
    while time.monotonic() < until_s:
        answers.append(ask())
        time.sleep(0.1)
    return answers


def test_what_players_report_and_tokens_are_in_no_key_and_go_nowhere(front: Front, origin: Recorder) -> None:
    for query in ("", "?CMCD=bl%3D400", "?token=one", "?cat=two&_HLS_msn=7"):
        assert front.ask(f"{V}/1.0.m4s{query}").status == 200
    assert [asked for asked in origin.asked if "1.0.m4s" in asked] == [f"{V}/1.0.m4s"]
    assert origin.asked[f"{V}/1.0.m4s"] == 1


def test_delivery_directives_are_in_the_key_in_one_order(front: Front, origin: Recorder) -> None:
    for query in (
        "_HLS_msn=5&_HLS_part=2",
        "x=1&_HLS_part=2&CMCD=bl%3D400&_HLS_msn=5",
        "_HLS_part=2&_HLS_msn=5&token=a",
    ):
        assert front.ask(f"{V}/ordered.m3u8?{query}").status == 200
    for query in ("_HLS_msn=5&_HLS_part=3", "_HLS_skip=YES&_HLS_part=2&_HLS_msn=5", "_HLS_part=2"):
        assert front.ask(f"{V}/ordered.m3u8?{query}").status == 200
    asked = {asked.partition("?")[2]: count for asked, count in origin.asked.items() if "ordered" in asked}
    assert asked == {
        "_HLS_msn=5&_HLS_part=2": 1,
        "_HLS_msn=5&_HLS_part=3": 1,
        "_HLS_msn=5&_HLS_part=2&_HLS_skip=YES": 1,
        "_HLS_part=2": 1,
    }


def test_cookies_and_credentials_neither_go_up_nor_keep_an_answer_from_being_shared(
    front: Front, origin: Recorder
) -> None:
    for name in ("ann", "bob"):
        front.ask(f"{V}/2.0.m4s", fields={"Cookie": f"who={name}", "Authorization": f"Bearer {name}"})
    assert origin.asked[f"{V}/2.0.m4s"] == 1
    assert not {"cookie", "authorization"} & {name.lower() for name in origin.last[f"{V}/2.0.m4s"]}


def test_a_playlist_goes_as_gzip_to_who_accepts_it_and_plain_to_who_does_not(front: Front, origin: Recorder) -> None:
    zipped = front.ask(f"{V}/either.m3u8?_HLS_msn=1", fields={"Accept-Encoding": "br, gzip"})
    again = front.ask(f"{V}/either.m3u8?_HLS_msn=1", fields={"Accept-Encoding": "gzip;q=0.8, deflate"})
    plain = front.ask(f"{V}/either.m3u8?_HLS_msn=1", fields={"Accept-Encoding": "identity, gzip;q=0"})
    assert zipped.fields["content-encoding"] == again.fields["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.fields
    assert zipped.body == again.body
    assert gzip.decompress(zipped.body).startswith(b"#EXTM3U")
    assert plain.body.startswith(b"#EXTM3U")
    assert origin.asked[f"{V}/either.m3u8?_HLS_msn=1"] <= 2


def test_a_plain_playlist_is_asked_for_anew_while_a_blocking_one_stays(front: Front, origin: Recorder) -> None:
    blocking, plain = f"{V}/live.m3u8?_HLS_msn=3", f"{V}/live.m3u8"
    front.ask(blocking)
    until(lambda: front.ask(plain) and origin.asked[plain] >= 2, "the plain playlist was fetched anew")
    assert front.ask(blocking).body.startswith(b"#EXTM3U 1")
    assert origin.asked[blocking] == 1


def test_what_is_missing_is_asked_for_once(front: Front, origin: Recorder) -> None:
    answers = [front.ask(f"{V}/missing.1.m4s") for _ in range(20)]
    assert {answer.status for answer in answers} == {404}
    assert origin.asked[f"{V}/missing.1.m4s"] == 1


def test_a_page_is_confirmed_by_its_etag_rather_than_sent_again(front: Front, origin: Recorder) -> None:
    def confirmed() -> bool:
        assert front.ask("/").body.startswith(b"a page")
        return origin.last["/"]["If-None-Match"] == 'W/"one"'

    until(confirmed, "the page was confirmed")


def test_the_clock_is_never_kept(front: Front, origin: Recorder) -> None:
    for _ in range(3):
        assert front.ask("/clock?viewer").status == 200
    assert sum(count for asked, count in origin.asked.items() if asked.startswith("/clock?")) == 3


def test_a_preflight_is_answered_without_the_origin(front: Front, origin: Recorder) -> None:
    answer = front.ask(f"{V}/4.0.m4s", "OPTIONS", {"Origin": "http://a", "Access-Control-Request-Headers": "range"})
    assert answer.status == 204
    assert answer.fields["access-control-allow-origin"] == "*"
    assert "range" in answer.fields["access-control-allow-headers"].lower()
    assert f"{V}/4.0.m4s" not in origin.asked


def test_a_range_of_what_is_kept_is_cut_by_the_front(front: Front, origin: Recorder) -> None:
    whole = front.ask(f"{V}/5.0.m4s").body
    part = front.ask(f"{V}/5.0.m4s", fields={"Range": "bytes=3-9"})
    assert (part.status, part.body) == (206, whole[3:10])
    assert part.fields["content-range"] == f"bytes 3-9/{len(whole)}"
    assert front.ask(f"{V}/5.0.m4s", "HEAD").body == b""
    assert origin.asked[f"{V}/5.0.m4s"] == 1


@pytest.mark.parametrize("path", ["/feed", "/feed?x", "/ingest/main/v180"])
def test_what_is_for_encoders_and_edges_is_not_passed_on(front: Front, origin: Recorder, path: str) -> None:
    assert front.ask(path).status == 404
    assert front.ask(path, "POST").status in (404, 405)
    assert not [asked for asked in origin.asked if asked.startswith(path)]


@pytest.mark.parametrize("path", ["/status", "/status.json", "/status/events", "/metrics", "/healthz"])
def test_what_is_for_the_house_is_shown_to_the_house(front: Front, path: str) -> None:
    assert front.ask(path).status == 200
    assert front.ask(path, source="127.0.0.2").status == 403


def test_chunks_of_a_segment_in_the_making_go_on_as_they_come(front: Front, origin: Recorder) -> None:
    origin.go_on.clear()
    with closing(front.connect()) as connection:
        connection.request("GET", f"{V}/growing.m4s")
        response = connection.getresponse()
        seen = b""
        while len(seen) < len(PIECES[0]):
            seen += response.read1(1000)
        assert seen == PIECES[0]
        origin.go_on.set()
        assert response.read() == PIECES[1]


def test_viewers_held_for_the_same_all_get_it(front: Front, origin: Recorder) -> None:
    """Varnish asks once; nginx, as it stands, once for each: both as their README says."""
    origin.go_on.clear()
    target = f"{V}/held.m3u8?_HLS_msn=9&_HLS_part=1"
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(_all, 12, lambda: front.ask(target))
        expected = 12 if front.name == "nginx" else 1
        until(lambda: origin.asked[target] == expected, f"{expected} requests have come")
        origin.go_on.set()
        answers = asking.result(30)
    assert {answer.status for answer in answers} == {200}
    assert origin.asked[target] == expected


def test_nginx_joins_what_is_held_where_it_is_told_to_wait(origin: Recorder) -> None:
    """The choice that its README describes; it looks again twice a second."""
    origin.go_on.clear()
    target = f"{V}/held.m3u8?_HLS_msn=10&_HLS_part=1"
    with open_folder() as folder, nginx(folder, origin.server_port, lock_timeout="20s") as front:
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(_all, 12, lambda: front.ask(target))
            until(lambda: origin.asked[target] == 1, "the first request has come")
            origin.go_on.set()
            answers = asking.result(30)
    assert {answer.status for answer in answers} == {200}
    assert origin.asked[target] == 1


def test_while_the_origin_is_away_viewers_get_what_there_was_and_refusals_they_can_read(
    front: Front, origin: Recorder
) -> None:
    target = f"{V}/away.m3u8"
    front.ask(target)
    asked = origin.asked[target]
    with origin.away():
        refused = [front.ask(f"{V}/new.{n}.m4s") for n in range(3)]
        stale = _asked_for(3.0, lambda: front.ask(target))
    assert {answer.status for answer in refused} == {503}
    assert {answer.fields["access-control-allow-origin"] for answer in refused} == {"*"}
    assert {answer.fields["retry-after"] for answer in refused} == {"1"}
    assert {(answer.status, answer.body[:9]) for answer in stale} == {(200, f"#EXTM3U {asked}".encode())}
    until(lambda: front.ask(target).body != stale[0].body, "the origin's return is noticed")
