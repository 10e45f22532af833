"""What our own mux makes keeps every rule, and whatever else arrives, no judge raises."""

import random
from dataclasses import replace

import media_streams as made
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_streams import patched, rewrite

from ringside.core.boxes.box import box
from ringside.prove.check.cmaf import boxes
from ringside.prove.check.dash import over_time as dash_over_time
from ringside.prove.check.dash import static as dash_static
from ringside.prove.check.finding import RULES, gather
from ringside.prove.check.hls import ts as hls_ts
from ringside.prove.check.seen import DashStream, HlsStream

HLS_JUDGES = (*boxes.JUDGES, *hls_ts.JUDGES)
DASH_JUDGES = (*boxes.JUDGES, *dash_static.JUDGES, *dash_over_time.JUDGES)


def told(stream: HlsStream | DashStream) -> list[dict[str, object]]:
    judges = HLS_JUDGES if isinstance(stream, HlsStream) else DASH_JUDGES
    return [finding.to_json() for finding in gather(f for judge in judges for f in judge(stream))]


def test_our_hls_breaks_no_rule() -> None:
    assert told(made.hls()) == []


def test_our_dash_breaks_no_rule() -> None:
    assert told(made.dash()) == []


def test_our_dash_breaks_no_rule_from_one_version_to_the_next_and_at_the_end() -> None:
    versions = [made.manifest(at_ns=made.NOW_NS + n * 2 * 10**9) for n in range(4)]
    assert told(made.dash(*versions, made.manifest(ended=True, at_ns=made.NOW_NS + 10 * 10**9))) == []


def test_several_renditions_break_no_rule() -> None:
    cuts = (made.video(), made.video("v90"), made.audio())
    assert told(made.dash(cuts=cuts)) == []


def test_what_was_refused_or_cut_off_is_not_judged() -> None:
    stream = made.with_body(made.hls(), lambda body: body[:-1])
    refused = made.with_media(stream, lambda m: replace(m, fetch=replace(m.fetch, status=404)))
    cut_off = made.with_media(stream, lambda m: replace(m, fetch=replace(m.fetch, problem="closed early")))
    assert told(stream) != []
    assert told(refused) == told(cut_off) == []


def test_an_empty_stream_breaks_no_rule_of_media() -> None:
    assert told(HlsStream("http://x/", None, {}, (), ())) == []
    assert told(DashStream("http://x/", (), (), ())) == []


def test_rules_name_their_family_and_clause() -> None:
    ours = [rule for rule in RULES.values() if rule.id.split(".")[0] in ("cmaf", "dash", "ll-dash")]
    assert len(ours) > 50
    assert all(rule.clause and rule.says.endswith(".") for rule in ours)


def mutated(data: bytes, seed: int) -> bytes:
    """Bytes flipped, cut out, doubled or made huge, here and there."""
    dice, body = random.Random(seed), bytearray(data)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(body)) if body else 0
        kind = dice.randrange(5)
        if kind == 0:
            body[at : at + 1] = bytes([dice.randrange(256)])
        elif kind == 1:
            del body[at : at + dice.randint(1, 40)]
        elif kind == 2:
            body[at:at] = body[at : at + dice.randint(1, 40)]
        elif kind == 3:
            body[at : at + 4] = dice.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1", b"moof", b"traf"))
        else:
            body[at : at + 8] = b"\x7f" * 8
    return bytes(body)


FUZZ = settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)


@FUZZ
@given(st.integers(0, 2**32))
def test_no_bytes_make_a_judge_of_boxes_raise(seed: int) -> None:
    stream = made.with_body(made.hls(), lambda body: mutated(body, seed), lambda m: m.number == made.FIRST)
    told(made.with_init(stream, lambda init: mutated(init, seed)))


@FUZZ
@given(st.integers(0, 2**32))
def test_no_manifest_makes_a_judge_of_dash_raise(seed: int) -> None:
    text = made.manifest().encode()
    fetches = tuple(made.fetch("http://x/", mutated(text, seed + n)) for n in range(3))
    told(replace(made.dash(), manifests=fetches))


@FUZZ
@given(st.binary(max_size=600))
def test_no_transport_stream_makes_a_judge_raise(noise: bytes) -> None:
    packets = b"".join(b"\x47" + noise[at : at + 187].ljust(187, b"\xff") for at in range(0, len(noise) + 1, 187))
    told(made.with_body(made.hls(), lambda body: packets))


@pytest.mark.parametrize(
    "body",
    [
        b"\0\0\0\x08moof" * 200_000,
        box("moof", b"\0\0\0\x08traf" * 600_000),
        made.video().chunks[0].data + b"\0\0\0\x08mdat" * 200_000,
        rewrite(made.video().chunks[0].data, "moof/traf/trun", patched(12, b"\0\0\xff\xff")),
    ],
    ids=["moofs", "trafs", "mdats", "samples"],
)
def test_what_a_stranger_claims_costs_no_more_than_he_sends(body: bytes) -> None:
    stream = made.with_body(made.hls(), lambda data: body, lambda m: m.part == 0 and made.picture(m))
    assert any(it["rule"] in ("cmaf.boxes", "cmaf.box-order") for it in told(stream))


HOSTILE = (
    b"<MPD/>",
    b"",
    b"<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'/>",
    b'<!DOCTYPE x [<!ENTITY a "b">]><MPD xmlns="urn:mpeg:dash:schema:mpd:2011">&a;</MPD>',
    b"<a>" * 100_000,
    b"<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>" + b"<Period>" * 100 + b"</Period>" * 100 + b"</MPD>",
    "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'/>".encode("utf-16"),
    b"<?xml version='1.0' encoding='no-such'?><MPD/>",
)


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_manifest_is_a_finding_and_no_more(body: bytes) -> None:
    stream = replace(made.dash(), manifests=(made.fetch("http://x/", body),))
    assert all(str(it["rule"]).startswith("dash.") for it in told(stream))
    assert told(stream) != []
