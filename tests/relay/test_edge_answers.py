"""Answers by their very bytes: what is remembered, and what is never taken for the same."""

import pytest

from ringside.flow.relay.answer.answers import Answers
from ringside.flow.relay.answer.request import KEPT, Reader

HEAD = b"GET /live/main/v0/index.m3u8?_HLS_msn=7&_HLS_part=1%s HTTP/1.1\r\nHost: a\r\n\r\n"
PLAIN, CMCD = HEAD % b"", HEAD % b"&CMCD=br%3D1200"


def remembered(head: bytes, named_by_query: bool = False) -> Answers[str]:
    answers: Answers[str] = Answers(named_by_query)
    answers.remember(Reader(None).read(head), head, "the playlist")
    return answers


def test_the_same_head_is_answered_with_the_same() -> None:
    assert remembered(PLAIN).get(PLAIN) == "the playlist"


def test_cmcd_is_no_part_of_the_question() -> None:
    answers = remembered(CMCD)
    assert answers.like(CMCD.replace(b"1200", b"3400")) == "the playlist"
    assert answers.like(PLAIN.replace(b"msn=7", b"msn=8")) is None


def test_where_a_query_is_a_name_nothing_is_taken_out_of_it() -> None:
    answers = remembered(CMCD, named_by_query=True)
    assert not answers
    assert answers.like(CMCD) is None


@pytest.mark.parametrize(
    "head", [PLAIN.replace(b"GET", b"HEAD"), PLAIN.replace(b"Host: a", b"Host: a\r\nConnection: close")]
)
def test_only_a_plain_get_is_remembered(head: bytes) -> None:
    assert not remembered(head)


def test_what_is_remembered_has_a_bound() -> None:
    answers = remembered(PLAIN)
    for n in range(KEPT + 1):
        head = PLAIN.replace(b"msn=7", b"msn=%d" % n)
        answers.remember(Reader(None).read(head), head, "another")
    assert len(answers) <= KEPT
