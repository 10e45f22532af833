"""What viewers are answered from a copy: no socket, no clock."""

import gzip
import os

import pytest
from edge_house import NOW_NS

from ringside.core.feed import Appended, Cache, Closed, Document, Fresh, Message, Pulled, Removed, Synced
from ringside.flow.relay.answer.copy import known
from ringside.flow.relay.answer.decide import ENDLESS, PULL_NS, Follow, Hold, Refuse, Want, decide
from ringside.flow.relay.answer.keys import keyer
from ringside.flow.relay.answer.request import Reader, Request
from ringside.flow.relay.answer.serve import STATUS, Date, Serve
from ringside.flow.relay.answer.store import Store
from ringside.flow.relay.answer.waiting import WHOLE

S = 10**9
FRESH_NS, STALE_NS = NOW_NS + 10 * S, NOW_NS + 20 * S
BODY = bytes(range(256)) * 16
TEXT = b"#EXTM3U\n" + b"#EXTINF:2,\nsegment.ts\n" * 100
HLS = "application/vnd.apple.mpegURL"


class Scene:
    """A store that pulls, told by hand."""

    def __init__(self) -> None:
        self.store = Store(pulls=True)
        self.store.begin()
        self.store.apply(Synced(), NOW_NS)
        self.reader = Reader(keyer(["CMCD"]))
        self.blobs = 0

    def tell(self, *messages: Message) -> None:
        for message in messages:
            self.store.apply(message, NOW_NS)

    def pulled(
        self,
        path: str,
        body: bytes = BODY,
        status: int = 200,
        kind: str = "video/mp4",
        length: int = -1,
        closed: bool = True,
        **fields: str,
    ) -> int:
        """A copy at `path` with `body` so far; its blob."""
        self.blobs += 1
        fd = os.memfd_create("copy")
        os.write(fd, body)
        words = {"caching": "public, max-age=10", "etag": "", "location": ""} | fields
        pulled = Pulled(
            path,
            self.blobs,
            status,
            kind,
            length,
            **words,
            made_ns=NOW_NS - 3 * S,
            fresh_ns=FRESH_NS,
            stale_ns=STALE_NS,
        )
        self.store.apply(pulled, NOW_NS, fd)
        self.tell(Appended(self.blobs, len(body)), *([Closed(self.blobs)] if closed else []))
        return self.blobs

    def request(self, path: str, method: str = "GET", **fields: str) -> Request:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        return self.reader.read(f"{method} {path} HTTP/1.1\r\nHost: edge\r\n{lines}\r\n".encode())

    def ask(self, path: str, method: str = "GET", at_ns: int = NOW_NS, **fields: str) -> object:
        return decide(self.request(path, method, **fields), self.store, at_ns)

    def served(self, path: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
        """What is answered at once: status, fields, body."""
        answer = self.ask(path, **fields)
        assert isinstance(answer, Serve)
        return spelled(answer)


def spelled(answer: Serve) -> tuple[int, dict[str, str], bytes]:
    lines = answer.top(Date(NOW_NS // S)).decode("latin-1").split("\r\n")[1:]
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    body = answer.body if answer.blob is None else answer.blob.read(answer.offset, answer.size)
    return answer.status, fields, body


def test_what_is_not_here_is_wanted_and_held_for() -> None:
    assert Scene().ask("/a.m4s") == Want("/a.m4s", Hold("/a.m4s", WHOLE, PULL_NS))


def test_what_is_not_here_is_held_for_even_before_the_filler_is_there() -> None:
    assert decide(Scene().request("/a"), Store(pulls=True), NOW_NS) == Want("/a", Hold("/a", WHOLE, PULL_NS))


@pytest.mark.parametrize("path", ["/metrics", "/status", "/feed", "/ingest/main/v720", "/clock?x=1"])
def test_the_edges_own_paths_are_never_pulled(path: str) -> None:
    assert isinstance(Scene().ask(path), Refuse)


def test_the_edges_own_documents_come_first() -> None:
    scene = Scene()
    scene.tell(Document("/status.json", b"{}", "application/json", Cache.NONE))
    assert scene.served("/status.json?x=1")[2] == b"{}"


def test_a_name_that_cannot_be_asked_for_is_refused() -> None:
    refusal = Scene().ask("/a/%2e%2e/b")
    assert isinstance(refusal, Refuse)
    assert refusal.status == 400


def test_a_fresh_copy_is_served_with_its_age_and_what_the_origin_said_of_it() -> None:
    scene = Scene()
    scene.pulled("/a.m4s", etag='"x1"')
    status, fields, body = scene.served("/a.m4s?CMCD=bl%3D1")
    assert (status, body) == (200, BODY)
    assert fields["age"] == "3"
    assert fields["etag"] == '"x1"'
    assert fields["cache-control"] == "public, max-age=10"
    assert fields["content-type"] == "video/mp4"
    assert fields["content-length"] == "4096"
    assert fields["accept-ranges"] == "bytes"
    assert "vary" not in fields


def test_a_stale_copy_is_served_and_wanted() -> None:
    scene = Scene()
    scene.pulled("/a.m4s")
    wanted = scene.ask("/a.m4s", at_ns=FRESH_NS)
    assert isinstance(wanted, Want)
    assert isinstance(wanted.then, Serve)
    assert isinstance(scene.ask("/a.m4s", at_ns=FRESH_NS - 1), Serve)


def test_an_expired_copy_is_wanted_and_held_for_until_something_newer_comes() -> None:
    scene = Scene()
    scene.pulled("/a.m4s")
    wanted = scene.ask("/a.m4s", at_ns=STALE_NS)
    assert isinstance(wanted, Want)
    assert isinstance(wanted.then, Hold)
    point = wanted.then.point
    assert not scene.store.ready("/a.m4s", point)
    scene.tell(Fresh("/a.m4s", NOW_NS, NOW_NS + 1, NOW_NS + 2))
    assert scene.store.ready("/a.m4s", point)


def test_who_waited_is_answered_with_what_came_though_it_be_over() -> None:
    scene = Scene()
    scene.pulled("/a.m4s")
    late_ns = STALE_NS + S
    wanted = scene.ask("/a.m4s", at_ns=late_ns)
    assert isinstance(wanted, Want)
    assert isinstance(wanted.then, Hold)
    request = scene.request("/a.m4s")
    assert isinstance(decide(request, scene.store, late_ns, wanted.then.point), Want)
    scene.pulled("/a.m4s", b"new")
    answer = decide(request, scene.store, late_ns, wanted.then.point)
    assert isinstance(answer, Serve)
    assert spelled(answer)[2] == b"new"
    assert isinstance(decide(request, scene.store, late_ns, WHOLE), Serve)


def test_what_was_told_fresh_again_is_as_old_as_it_says() -> None:
    scene = Scene()
    scene.pulled("/a.m4s")
    assert scene.served("/a.m4s")[1]["age"] == "3"
    scene.tell(Fresh("/a.m4s", NOW_NS - S, FRESH_NS, STALE_NS))
    assert scene.served("/a.m4s")[1]["age"] == "1"


def test_freshness_of_what_nobody_has_changes_nothing() -> None:
    scene = Scene()
    scene.tell(Fresh("/a.m4s", NOW_NS, FRESH_NS, STALE_NS))
    assert isinstance(scene.ask("/a.m4s"), Want)


RANGES = [
    ("bytes=0-9", 0, 10),
    ("bytes=4090-", 4090, 4096),
    ("bytes=4090-99999", 4090, 4096),
    ("bytes=-6", 4090, 4096),
    ("bytes=-99999", 0, 4096),
    (f"bytes=100-{ENDLESS}", 100, 4096),
]


@pytest.mark.parametrize(("asked", "first", "end"), RANGES)
@pytest.mark.parametrize("length", [-1, 4096])
def test_ranges_of_a_whole_copy(asked: str, first: int, end: int, length: int) -> None:
    scene = Scene()
    scene.pulled("/a.m4s", length=length, etag='"1"')
    status, fields, body = scene.served("/a.m4s", Range=asked)
    assert (status, body) == (206, BODY[first:end])
    assert fields["content-range"] == f"bytes {first}-{end - 1}/4096"
    assert fields["etag"] == '"1"'
    assert fields["age"] == "3"


@pytest.mark.parametrize("asked", ["bytes=4096-", "bytes=-0"])
def test_a_range_outside_is_refused(asked: str) -> None:
    scene = Scene()
    scene.pulled("/a.m4s")
    status, fields, _ = scene.served("/a.m4s", Range=asked)
    assert (status, fields["content-range"]) == (416, "bytes */4096")


def test_a_range_of_a_head_request_is_ignored() -> None:
    scene = Scene()
    scene.pulled("/a.m4s")
    answer = scene.ask("/a.m4s", "HEAD", Range="bytes=0-1")
    assert isinstance(answer, Serve)
    assert (answer.status, answer.size) == (200, 4096)


def test_a_copy_that_grows_to_a_known_length_is_followed_to_its_end() -> None:
    scene = Scene()
    scene.pulled("/a.m4s", BODY[:1000], length=4096, closed=False)
    follow = scene.ask("/a.m4s")
    assert isinstance(follow, Follow)
    assert (follow.first, follow.end) == (0, 4096)
    assert spelled(follow.serve)[1]["content-length"] == "4096"
    assert "transfer-encoding" not in spelled(follow.serve)[1]


def test_ranges_of_what_grows_to_a_known_length() -> None:
    scene = Scene()
    scene.pulled("/a.m4s", BODY[:1000], length=4096, closed=False)
    assert scene.served("/a.m4s", Range="bytes=10-999")[2] == BODY[10:1000]
    follow = scene.ask("/a.m4s", Range="bytes=2000-2999")
    assert isinstance(follow, Follow)
    assert (follow.first, follow.end) == (2000, 3000)
    assert spelled(follow.serve)[1]["content-range"] == "bytes 2000-2999/4096"
    assert scene.served("/a.m4s", Range="bytes=4096-")[0] == 416


def test_a_copy_that_grows_without_a_length_is_chunked_and_has_no_ranges() -> None:
    scene = Scene()
    scene.pulled("/a.m4s", BODY[:1000], closed=False)
    for follow in (scene.ask("/a.m4s"), scene.ask("/a.m4s", Range="bytes=5-9"), scene.ask("/a.m4s", Range="bytes=-9")):
        assert isinstance(follow, Follow)
        assert (follow.serve.status, follow.first, follow.end) == (200, 0, -1)
        assert spelled(follow.serve)[1]["transfer-encoding"] == "chunked"


def test_a_range_to_the_end_of_what_has_none_yet_is_followed() -> None:
    scene = Scene()
    scene.pulled("/a.m4s", BODY[:1000], closed=False)
    follow = scene.ask("/a.m4s", Range=f"bytes=600-{ENDLESS}")
    assert isinstance(follow, Follow)
    assert (follow.serve.status, follow.first, follow.end) == (206, 600, -1)
    assert spelled(follow.serve)[1]["content-range"] == f"bytes 600-{ENDLESS}/*"


def test_what_grows_is_never_asked_for_a_second_time() -> None:
    scene = Scene()
    blob = scene.pulled("/a.m4s", BODY[:1000], closed=False)
    assert isinstance(scene.ask("/a.m4s", at_ns=STALE_NS + S), Follow)
    scene.tell(Closed(blob))
    assert isinstance(scene.ask("/a.m4s", at_ns=STALE_NS + S), Want)


def test_what_broke_off_is_lost_to_its_followers_and_forgotten() -> None:
    scene = Scene()
    scene.pulled("/a.m4s", BODY[:1000], length=4096, closed=False)
    follow = scene.ask("/a.m4s")
    assert isinstance(follow, Follow)
    scene.tell(Removed("/a.m4s"))
    assert follow.media.blob.lost
    assert follow.media.blob in scene.store.grown
    assert scene.ask("/a.m4s") == Want("/a.m4s", Hold("/a.m4s", WHOLE, PULL_NS))
    assert not scene.store.ready("/a.m4s", WHOLE)


def test_what_was_whole_when_it_was_removed_is_still_written_to_its_end() -> None:
    scene = Scene()
    scene.pulled("/a.m4s")
    answer = scene.ask("/a.m4s")
    scene.tell(Removed("/a.m4s"))
    assert isinstance(answer, Serve)
    assert spelled(answer)[2] == BODY


def test_what_the_origin_takes_its_time_over_is_not_given_up_here() -> None:
    scene = Scene()
    scene.pulled("/a.m4s", BODY[:1000], closed=False)
    follow = scene.ask("/a.m4s")
    assert isinstance(follow, Follow)
    follow.media.blob.followers[object()] = None  # type: ignore[index]
    assert scene.store.stalled(NOW_NS + 1000 * S) == []


def test_text_is_compressed_once_per_version() -> None:
    scene = Scene()
    scene.pulled("/a.m3u8", TEXT, kind=HLS, etag='"x1"')
    status, fields, body = scene.served("/a.m3u8", Accept_Encoding="gzip")
    assert (status, gzip.decompress(body)) == (200, TEXT)
    assert fields["content-encoding"] == "gzip"
    assert fields["vary"] == "Accept-Encoding"
    assert fields["etag"] == 'W/"x1"'
    assert scene.ask("/a.m3u8", Accept_Encoding="gzip") is scene.ask("/a.m3u8", Accept_Encoding="gzip")
    assert scene.served("/a.m3u8")[1]["etag"] == 'W/"x1"'
    assert "content-encoding" not in scene.served("/a.m3u8")[1]


def test_what_is_small_large_or_no_text_is_not_compressed() -> None:
    scene = Scene()
    scene.pulled("/small.m3u8", b"#EXTM3U\n", kind=HLS)
    scene.pulled("/media.mp4", TEXT, kind="video/mp4")
    scene.pulled("/large.txt", b"a" * ((4 << 20) + 1), kind="text/plain")
    for path in ("/small.m3u8", "/media.mp4", "/large.txt"):
        assert "content-encoding" not in scene.served(path, Accept_Encoding="gzip")[1]


@pytest.mark.parametrize("tags", ['"x1"', 'W/"x1"', '"a", W/"x1"', "*"])
def test_who_has_it_already_is_told_so(tags: str) -> None:
    scene = Scene()
    scene.pulled("/a.m3u8", TEXT, kind=HLS, etag='W/"x1"')
    status, fields, body = scene.served("/a.m3u8", If_None_Match=tags)
    assert (status, body) == (304, b"")
    assert fields["etag"] == 'W/"x1"'
    assert fields["age"] == "3"
    assert scene.served("/a.m3u8", If_None_Match='"x2"')[0] == 200


def test_a_redirect_is_passed_on() -> None:
    scene = Scene()
    scene.pulled("/old", b"moved", 302, "text/html", location="/new")
    status, fields, body = scene.served("/old", Range="bytes=0-1")
    assert (status, fields["location"], body) == (302, "/new", b"moved")
    assert "accept-ranges" not in fields


def test_a_refusal_is_passed_on_with_its_body() -> None:
    scene = Scene()
    scene.pulled("/secret", b"who are you?", 403, "text/plain", etag='"1"')
    status, _, body = scene.served("/secret", If_None_Match='"1"')
    assert (status, body) == (403, b"who are you?")


def test_an_answer_without_content_has_none() -> None:
    scene = Scene()
    scene.pulled("/nothing", b"", 204)
    assert "content-length" not in scene.served("/nothing")[1]


def test_an_empty_object_is_an_object() -> None:
    scene = Scene()
    scene.pulled("/empty.ts", b"")
    status, fields, body = scene.served("/empty.ts")
    assert (status, fields["content-length"], body) == (200, "0", b"")


def test_an_unknown_status_is_told_as_its_class() -> None:
    assert [known(status) for status in (299, 418, 499, 599, 404)] == [200, 418, 400, 500, 404]


def test_foreign_fields_end_no_line_of_ours() -> None:
    scene = Scene()
    evil = "x\r\nSet-Cookie: a=b"
    scene.pulled("/a", status=302, kind=evil, etag=evil, location=evil, caching=evil)
    answer = scene.ask("/a")
    assert isinstance(answer, Serve)
    assert b"\nSet-Cookie" not in answer.head


def test_copies_outlive_a_filler_that_starts_anew_but_who_waits_goes_on_waiting() -> None:
    scene = Scene()
    scene.pulled("/a.m4s")
    scene.pulled("/b.m4s", BODY[:9], closed=False)
    wanted = scene.ask("/a.m4s", at_ns=STALE_NS)
    assert isinstance(wanted, Want)
    assert isinstance(wanted.then, Hold)
    scene.store.begin()
    scene.tell(Synced())
    assert isinstance(scene.ask("/a.m4s"), Serve)
    assert not scene.store.ready("/a.m4s", wanted.then.point)
    assert isinstance(scene.ask("/b.m4s"), Want)


def test_every_status_of_an_origin_has_an_answer() -> None:
    assert {known(status) for status in range(100, 1000)} <= set(STATUS)
    assert (known(299), known(418), known(999)) == (200, 418, 502)
