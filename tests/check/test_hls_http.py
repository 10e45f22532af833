"""Each rule on how HLS is served: a stream that keeps it, and one that breaks it."""

import pytest
from tests.check.probes import NAME, answer, asked, newest, probe
from tests.check.streams import Case, codes, event, plain, rules_of, stream, version

from ringside.flow.mux.hls import MediaPlaylist
from ringside.prove.check.hls import http as rules
from ringside.prove.check.seen import HlsStream, Media, Probe

FULL = newest()
BODY = FULL.write().encode()
M, P = FULL.media_sequence, len(FULL.segments)
ENDED = MediaPlaylist.parse(plain(0, 5) + "#EXT-X-ENDLIST\n")
SKIPPING = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12"
LONG = plain(100, 20, SKIPPING, version=9)


def delta(skipped: int, first: int, count: int, tags: int = 1) -> bytes:
    """A delta update of LONG."""
    lines = [f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}"] * tags
    listed = [line for n in range(first, first + count) for line in ("#EXTINF:2.000,", f"{n}.m4s")]
    head = LONG.split("#EXT-X-MAP")[0]
    return (head + "\n".join([*lines, *listed, ""])).encode()


def skip(body: bytes, full: str = LONG) -> HlsStream:
    beside = answer(200, full.encode())
    return asked(probe("skip", body=body, path=f"{NAME}?_HLS_skip=YES", beside=beside))


def refusals(kind: str, **reply: object) -> HlsStream:
    return asked(probe(kind, path=f"{NAME}?_HLS_part=0", **reply))


def hints(spread_s: float) -> HlsStream:
    return asked(
        *(probe("hint", body=b"x" * 20_000, path=f"v720/{M + P - 1}.{n}.m4s", spread_s=spread_s) for n in range(4))
    )


def playlist_at(path: str, kind: str) -> HlsStream:
    reply = answer(200, BODY, [("content-type", kind)], path=path)
    one = version(FULL.write())
    return stream({path: [type(one)(path, reply, one.playlist, one.full)]})


def blocked(query: str) -> HlsStream:
    one = version(FULL.write())
    return stream({NAME: [type(one)(NAME, answer(200, BODY, path=f"{NAME}?{query}"), one.playlist, one.full)]})


OK = {"body": BODY}
CASES = [
    Case(rules.PART_ALONE, "the playlist comes", rules.part_without_msn,
         refusals("part-without-msn", status=400), refusals("part-without-msn", **OK)),
    Case(rules.MSN_FAR, "the request is held", rules.msn_too_far,
         refusals("msn-too-far", status=400), refusals("msn-too-far", status=400, took_s=6.0)),
    Case(rules.PART_FAR, "404", rules.part_too_far,
         refusals("part-too-far", status=400), refusals("part-too-far", status=404)),
    Case(rules.PAST, "400, as gohlslib does", rules.past_msn,
         refusals("past-msn", **OK), refusals("gone-msn", status=400)),
    Case(rules.PAST, "it is held", rules.past_msn,
         refusals("past-msn", **OK), refusals("past-msn", took_s=4.0, **OK)),
    Case(rules.PAST, "the playlist ends with what was asked for", rules.past_msn,
         refusals("past-msn", **OK), refusals("past-msn", body=plain(M, 2).encode())),
    Case(rules.PAST_END, "it is held", rules.part_past_end,
         refusals("part-past-end", **OK), refusals("part-past-end", took_s=4.0, **OK)),
    Case(rules.HOLDS, "the answer comes before what was asked for", rules.holds,
         event(), blocked(f"_HLS_msn={M + P + 1}&_HLS_part=0")),
    Case(rules.RELOAD, "500", rules.blocking_reload,
         refusals("playlist-failed", status=500),  # without _HLS_msn that is another rule's
         asked(probe("playlist-failed", status=500, path=f"{NAME}?_HLS_msn=9&_HLS_part=1"))),
    Case(rules.AFTER_END, "400", rules.after_endlist,
         asked(probe("after-the-end", known=ENDED)), asked(probe("after-the-end", status=400, known=ENDED))),
    Case(rules.SKIP, "the full playlist", rules.delta_update, skip(delta(13, 113, 7)), skip(LONG.encode())),
    Case(rules.SKIP, "two SKIP tags", rules.delta_update,
         skip(delta(13, 113, 7)), skip(delta(13, 113, 7, tags=2))),
    Case(rules.SKIP_SAME, "one segment too few is skipped", rules.delta_is_the_playlist,
         skip(delta(13, 113, 7)), skip(delta(12, 113, 8))),
    Case(rules.SKIP_SAME, "what is near the end is skipped", rules.delta_is_the_playlist,
         skip(delta(14, 114, 6)), skip(delta(18, 118, 2))),
    Case(rules.SKIP_UNASKED, "a delta that nobody offered", rules.skip_not_offered,
         asked(probe("skip-not-offered", **OK)), asked(probe("skip-not-offered", body=delta(3, 103, 17)))),
    Case(rules.HINTED, "404 for a part that comes", rules.hint_is_there,
         hints(0.0), asked(probe("hint", status=404, path=f"v720/{FULL.segments[-1].parts[0].uri}"))),
    Case(rules.LINE_RATE, "a part that trickles", rules.whole_parts, hints(0.001), hints(0.15)),
    Case(rules.GONE_PART, "404", rules.removed_part_stays,
         asked(probe("gone-part")), asked(probe("gone-part", status=404))),
    Case(rules.GONE_SEGMENT, "404", rules.removed_segment_stays,
         asked(probe("gone-segment", status=206)), asked(probe("gone-segment", status=404))),
    Case(rules.TYPE, "neither the name nor the type tells", rules.playlist_type_known,
         playlist_at("live.m3u8", "text/plain"), playlist_at("live", "text/plain")),
    Case(rules.GZIP, "asked for, not given", rules.gzip,
         asked(probe("gzip", headers=[("content-encoding", "gzip")], **OK)), asked(probe("gzip", **OK))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_is_kept_by_one_stream_and_broken_by_another(case: Case) -> None:
    case.check()


def test_every_rule_of_the_module_has_a_case() -> None:
    assert {case.rule.id for case in CASES} == rules_of(rules)


def test_a_hint_that_was_given_up_is_no_breach() -> None:
    """§6.2.6: a server may choose not to publish what it hinted, and then says 404."""
    assert codes(rules.hint_is_there(asked(probe("hint", status=404, path="v720/never.m4s")))) == []


def test_what_came_while_the_question_travelled_was_not_too_far() -> None:
    come = probe("part-too-far", body=BODY, path=f"{NAME}?_HLS_msn={M + P - 2}&_HLS_part=33")
    assert codes(rules.part_too_far(asked(come))) == []
    not_come = probe("part-too-far", body=BODY, path=f"{NAME}?_HLS_msn={M + P + 3}&_HLS_part=33")
    assert codes(rules.part_too_far(asked(not_come))) == ["ll-hls.part-too-far"]


def test_few_parts_are_not_enough_to_speak_of_trickling() -> None:
    slow = [probe("hint", body=b"x" * 100, path=f"v720/{n}.m4s", spread_s=0.19) for n in range(2)]
    assert codes(rules.whole_parts(asked(*slow))) == []


def test_a_slow_link_is_no_trickle() -> None:
    """Segments, which nothing holds back, come at the same pace as the parts."""
    base = hints(0.15)
    whole = answer(200, b"x" * 200_000, spread_s=1.5)
    slow = HlsStream(base.url, base.multivariant, base.versions, (Media(NAME, M, None, whole, b""),), (), base.probes)
    assert codes(rules.whole_parts(slow)) == []


def test_gzip_is_no_matter_where_there_are_no_parts() -> None:
    one = stream(plain(0, 200))
    bare = HlsStream(one.url, None, one.versions, (), (), (Probe("gzip", NAME, answer(200, BODY)),))
    assert codes(rules.gzip(bare)) == []


def test_digits_of_other_scripts_are_no_directive() -> None:
    assert rules.asked_point(answer(path="x?_HLS_msn=%D9%A3")) is None
    assert rules.asked_point(answer(path="x?_HLS_msn=12&_HLS_part=3")) == (12, 3)
    assert rules.asked_point(answer(path="x?_HLS_msn=12")) == (12, None)
