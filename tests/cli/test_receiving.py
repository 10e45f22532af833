"""`ringside edge --multicast` as it is typed: what cannot be is one sentence that names the option."""

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringside.cli.receiving import Group, banner, check, group_of
from ringside.core.errors import Misconfigured
from ringside.core.mabr import Description, Endpoint, new_keys, to_xml

NOW_NS = 1_790_000_000 * 10**9
LATER = 1_790_000_000 + 3600


def document(group: str = "239.77.1.2", port: int = 5077, until: int = LATER) -> bytes:
    keys = new_keys(os.urandom)
    described = Description(
        event="main", origin="http://origin:8080", news=Endpoint(group, port, None, 1),
        tracks={"v720": Endpoint(group, port, None, 10)}, fec=6, overhead=12, symbol=1280, repair=("http://near:80",),
        reorder_ms=20, key=keys.group, public=keys.public, until=until,
    )  # fmt: skip
    return to_xml(described)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "stadium.xml"
    path.write_bytes(document())
    return path


@pytest.fixture
def server(file: Path) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words: object, **more: object) -> None:
            super().__init__(*words, directory=str(file.parent), **more)  # type: ignore[arg-type]

        def log_message(self, *words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_a_description_is_read_from_a_file_or_a_url(file: Path, server: str) -> None:
    from_file, from_url = group_of(Group(str(file)), NOW_NS), group_of(Group(f"{server}/stadium.xml"), NOW_NS)
    assert from_file is not None
    assert from_file == from_url
    assert from_file.description.tracks == {"v720": Endpoint("239.77.1.2", 5077, None, 10)}
    assert banner(from_file) == "  group    239.77.1.2:5077"


def test_what_is_lost_is_asked_for_where_the_operator_says_or_the_description_or_at_the_origin(file: Path) -> None:
    plain = group_of(Group(str(file)), NOW_NS)
    told = group_of(Group(str(file), ("http://edge:8080/",)), NOW_NS)
    assert plain is not None
    assert told is not None
    assert plain.bases("http://origin:8080") == ("http://near:80",)
    assert told.bases("http://origin:8080") == ("http://edge:8080",)


def test_the_origin_is_the_one_of_the_description_where_nobody_names_another(file: Path) -> None:
    group = group_of(Group(str(file), interface="127.0.0.1"), NOW_NS)
    for given, origin in (({}, "http://origin:8080"), ({"fill": {"origin": "http://mine"}}, "http://mine")):
        changes: dict[str, dict[str, object]] = dict(given)
        check(group, changes, None)
        assert changes["fill"]["origin"] == origin


def test_without_a_group_there_is_no_gateway() -> None:
    assert group_of(Group(), NOW_NS) is None
    check(None, {}, None)


@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        (Group("/nowhere/stadium.xml"), "--multicast: there is no file /nowhere/stadium.xml"),
        (Group("/"), "--multicast: / cannot be read: Is a directory"),
        (Group("http://127.0.0.1:1/x"), "--multicast: http://127.0.0.1:1/x does not answer: Connection refused"),
        (Group("http://[/x"), "--multicast: http://[/x does not answer: Invalid IPv6 URL"),
        (Group(None, ("http://x",)), "--repair is for an edge that is fed by a group; say which with --multicast"),
        (Group(None, (), "eth0"), "--interface is for an edge that is fed by a group; say which with --multicast"),
    ],
)
def test_what_is_not_there_is_one_sentence(group: Group, sentence: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        group_of(group, NOW_NS)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("content", "start"),
    [
        (b"\xff\xfe\x00", "is no description: it is not UTF-8"),
        (b"<a/>", "the description's root is a"),
        (b"GIF89a", "the description is no XML"),
        (b" " * (2**20 + 1), "is larger than 1 MiB"),
        (document(until=1_700_000_000), "was good until 2023-11-14 22:13:20+00:00"),
    ],
)
def test_what_is_no_description_is_one_sentence(tmp_path: Path, content: bytes, start: str) -> None:
    path = tmp_path / "d.xml"
    path.write_bytes(content)
    with pytest.raises(Misconfigured) as caught:
        group_of(Group(str(path)), NOW_NS)
    assert str(caught.value).startswith("--multicast: ")
    assert start in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_that_is_an_error_is_one_sentence(server: str) -> None:
    with pytest.raises(Misconfigured, match=r"^--multicast: http://.*/gone answered 404$"):
        group_of(Group(f"{server}/gone"), NOW_NS)


def test_a_repair_address_that_is_none_is_one_sentence(file: Path) -> None:
    with pytest.raises(Misconfigured, match=r"^--repair: .*must be an address such as"):
        group_of(Group(str(file), ("edge:80",)), NOW_NS)


def test_a_group_that_cannot_be_joined_is_refused_before_anything_runs(file: Path) -> None:
    group = group_of(Group(str(file), interface="nosuch0"), NOW_NS)
    with pytest.raises(Misconfigured, match=r"^--interface: there is no network card nosuch0 on this machine$"):
        check(group, {}, None)


def test_pull_and_multicast_exclude_each_other(file: Path) -> None:
    with pytest.raises(Misconfigured, match="--multicast and --pull exclude each other"):
        check(group_of(Group(str(file)), NOW_NS), {"fill": {"mode": "pull"}}, None)
