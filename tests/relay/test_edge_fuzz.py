"""Noise against the edge: what is taken is understood as the grammar has it, and a connection survives anything.

The seed is printed where a test fails, and SEED in the environment takes it back.
"""

import asyncio
import logging
import os
import random

import httptools
import pytest
from edge_house import run
from heads import STINGS, judged, proper, spoilt, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from storm import Storm, check

from ringside.flow.relay.answer.keys import keyer
from ringside.flow.relay.answer.request import Reader

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))


def test_the_judge_takes_what_players_send() -> None:
    rng = random.Random(1)
    heads = [proper(rng) for _ in range(300)]
    assert sum(judged(head) is not None for head in heads) > 200
    assert judged(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") is None
    assert judged(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n") is None
    assert judged(b"GET / HTTP/1.1\nHost: a\r\n\r\n") is None


@pytest.mark.parametrize("turn", range(4))
def test_what_is_taken_of_thirty_thousand_spoilt_heads_means_what_the_grammar_says(turn: int) -> None:
    rng = random.Random(SEED + turn)
    reader, pulling = Reader(), Reader(keyer({"CMCD", "token"}))
    taken = 0
    for _ in range(7500):
        head = whole(spoilt(rng))
        if head is not None:
            taken += check(head, reader, SEED + turn)
            check(head, pulling, SEED + turn)
    assert taken > 200


@given(
    st.lists(st.one_of(st.sampled_from(STINGS), st.binary(max_size=6), st.sampled_from([b"GET /a", b" HTTP/1.1\r\n"])))
)
@settings(max_examples=1500, deadline=None)
def test_what_is_put_together_from_stings_is_no_request_the_grammar_does_not_know(pieces: list[bytes]) -> None:
    head = whole(b"GET /a HTTP/1.1\r\nHost: a\r\n" + b"".join(pieces) + b"\r\n\r\n")
    assert head is not None
    check(head, Reader(), 0)


def test_no_spoilt_head_is_taken_that_httptools_refuses_as_a_whole() -> None:
    rng = random.Random(SEED)
    for _ in range(5000):
        head = whole(spoilt(rng))
        if head is None or not check(head, Reader(), SEED):
            continue
        parser = httptools.HttpRequestParser(object())
        try:
            parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            pytest.fail(f"seed {SEED}: {head!r} was taken: {error}")


@pytest.mark.parametrize("pull", [False, True])
def test_a_storm_of_noise_halves_and_resets_leaves_nothing_behind(pull: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        storm = Storm(SEED, pull)
        with caplog.at_level(logging.WARNING, "asyncio"):
            await storm.rage(1500, within_s=12)
            await asyncio.sleep(0)
        assert storm.faults == [], f"seed {SEED}"
        assert storm.conversations == 1500
        assert storm.answers > 100
        assert not [record for record in caplog.records if record.name == "asyncio"], f"seed {SEED}"

    run(scene)
