"""What a pulled object is called, and how often it is asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.flow.relay.answer.asking import AGAIN_NS, MAX_ASKED, Asking
from ringside.flow.relay.answer.keys import fault, is_own, keyer

key = keyer(["CMCD", "token", "cat"])

SAME = [
    ("/a", "", "/a"),
    ("/a", "CMCD=bl%3D21", "/a"),
    ("/a", "token=1&CMCD=x&cat=y", "/a"),
    ("/a", "v=2", "/a?v=2"),
    ("/a", "v=2&CMCD=x", "/a?v=2"),
    ("/a", "CMCD=x&v=2&&w", "/a?v=2&w"),
    ("/a", "b=1&a=2", "/a?b=1&a=2"),
    ("/a", "_HLS_msn=5&token=q&_HLS_part=1", "/a?_HLS_msn=5&_HLS_part=1"),
    ("/a", "CM%43D=x", "/a"),
    ("/a", "cmcd=x", "/a?cmcd=x"),
    ("/a", "tokens=x", "/a?tokens=x"),
    ("/a", "&&", "/a"),
    ("/clock", "x=1", "/clock"),
    ("/ingest/main", "x=1", "/ingest/main"),
]


@pytest.mark.parametrize(("path", "query", "expected"), SAME)
def test_what_players_and_gates_add_is_no_part_of_a_name(path: str, query: str, expected: str) -> None:
    assert key(path, query) == expected


@given(st.text("abCMD=&%?", max_size=40))
def test_a_name_made_twice_is_the_same(query: str) -> None:
    once = key("/a", query)
    assert key(*once.partition("?")[::2]) == once


@pytest.mark.parametrize(
    "path", ["/status", "/status.json", "/metrics", "/healthz", "/clock", "/cmcd", "/feed", "/ingest/a"]
)
def test_what_the_edge_answers_itself_is_its_own(path: str) -> None:
    assert is_own(path)


@pytest.mark.parametrize("path", ["/", "/statuses", "/live/status", "/feed/x", "/ingest", "/clock.js"])
def test_everything_else_is_the_origins(path: str) -> None:
    assert not is_own(path)


GOOD = ["/", "/a%20b", "/a..b", "/...", "/a.m4s?x=/../y", "//a", "/a?b=%2e%2e/", "/.well-known/x", "/a~;,@:b"]
BAD = [
    "/../a", "/a/..", "/a/../b", "/a/./b", "/%2e%2E/a", "/a/.%2e", "/..%2fa", "/%2e%2e%5ca", "/a b", "/a\x7f", "/é",
    "/a#b", "*", "/" + "a" * 5000, "/a?" + "b" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_ordinary_names_can_be_asked_for(name: str) -> None:
    assert fault(name) == ""


@pytest.mark.parametrize("name", BAD)
def test_names_that_lead_elsewhere_or_are_malformed_cannot(name: str) -> None:
    assert fault(name)


def test_a_thing_is_asked_for_once_until_something_is_told() -> None:
    asking = Asking()
    assert [asking.due("/a", 0) for _ in range(3)] == [True, False, False]
    assert asking.due("/b", 0)
    asking.told(["/a", "/c"])
    assert asking.due("/a", 1)
    assert not asking.due("/b", 1)


def test_a_question_that_nobody_answered_is_asked_again() -> None:
    asking = Asking()
    assert asking.due("/a", 5)
    assert not asking.due("/a", AGAIN_NS + 4)
    assert asking.due("/a", AGAIN_NS + 5)


def test_a_new_filler_is_asked_everything_again() -> None:
    asking = Asking()
    assert asking.due("/a", 0)
    asking.forget()
    assert asking.due("/a", 0)


def test_questions_are_bounded() -> None:
    asking = Asking()
    assert all(asking.due(f"/{n}", 0) for n in range(MAX_ASKED + 10))
    assert len(asking) == MAX_ASKED
    assert asking.due("/0", 0)
