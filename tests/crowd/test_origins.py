"""Names are resolved once and off the loop; what cannot be asked for is a failure, never an exception."""

import socket
import ssl
import time

import pytest

from ringside.prove.crowd.engine.origins import MOST, Origin, Origins
from ringside.prove.crowd.player.base import Failure


@pytest.fixture
def origins() -> Origins:
    return Origins(ssl.create_default_context())


def settled(origins: Origins, url: str) -> Origin | Failure:
    for _ in range(2000):
        found = origins.find(url)
        if found is not None:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{url} was not resolved")


def test_an_address_is_an_origin_at_once(origins: Origins) -> None:
    found = origins.find("http://127.0.0.1:8123/live/index.m3u8?a=b")
    assert isinstance(found, Origin)
    assert (found.family, found.address, found.tls, found.loopback) == (
        socket.AF_INET, ("127.0.0.1", 8123), None, True,
    )  # fmt: skip


def test_urls_of_one_origin_share_it(origins: Origins) -> None:
    first = origins.find("http://127.0.0.1:8123/a")
    assert origins.find("http://127.0.0.1:8123/b/c") is first
    assert origins.find("http://127.0.0.1:8123") is first
    assert origins.find("http://127.0.0.1:8124/a") is not first
    assert origins.find("https://127.0.0.1:8123/a") is not first


def test_ports_are_those_of_the_scheme(origins: Origins) -> None:
    plain, secure = origins.find("http://127.0.0.1/"), origins.find("https://127.0.0.1/")
    assert isinstance(plain, Origin)
    assert isinstance(secure, Origin)
    assert (plain.address[1], secure.address[1]) == (80, 443)
    assert secure.tls is not None


def test_ipv4_is_taken_where_there_are_both(origins: Origins) -> None:
    found = settled(origins, "http://localhost:8000/")
    assert isinstance(found, Origin)
    assert found.family == socket.AF_INET


def test_an_ipv6_address_is_one(origins: Origins) -> None:
    found = origins.find("http://[::1]:8000/a")
    assert isinstance(found, Origin)
    assert (found.family, found.address[:2], found.loopback) == (socket.AF_INET6, ("::1", 8000), False)


@pytest.mark.parametrize(
    "url",
    [
        "http://nowhere.invalid/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http:///path",
        "http://:80/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://[::1/",
        "http://999.999.1.1/",
        "http://a..b/",
        f"http://{'a' * 300}.invalid/",
        "",
        "//127.0.0.1/",
    ],
)
def test_what_cannot_be_asked_for_is_a_failure(origins: Origins, url: str) -> None:
    assert settled(origins, url) is Failure.CONNECT


def test_origins_are_bounded(origins: Origins) -> None:
    for number in range(MOST):
        assert isinstance(origins.find(f"http://127.0.0.1:{1000 + number}/"), Origin)
    assert origins.find("http://127.0.0.1:999/") is Failure.CONNECT
    assert isinstance(origins.find("http://127.0.0.1:1000/x"), Origin)


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("/b", "http://h/b"),
        ("b", "http://h/x/b"),
        ("//g/b", "http://g/b"),
        ("https://g/", "https://g/"),
        ("?q", "http://h/x/a?q"),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("data:,x", None),
        ("http://[::1", None),
    ],
)
def test_a_redirect_leads_somewhere_or_nowhere(origins: Origins, reference: str, url: str | None) -> None:
    assert origins.join("http://h/x/a", reference) == url
