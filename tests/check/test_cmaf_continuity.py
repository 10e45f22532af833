"""Rules on the timeline that segments and parts make together, each broken by surgery on decode times and samples."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import media_streams as made
import pytest
from media_streams import broken, patched, rewrite

from ringside.core.boxes.box import u32
from ringside.core.boxes.retime import retime
from ringside.prove.check.cmaf import continuity as rules
from ringside.prove.check.seen import Media

STREAM = made.hls()
LAST = made.FIRST + made.SEGMENTS - 1


def later(ticks: int) -> Callable[[bytes], bytes]:
    return lambda body: retime(body, ticks)


@pytest.mark.parametrize(
    "which",
    [
        lambda m: made.picture(m) and made.whole(m) and m.number == LAST,
        lambda m: m.name == "a" and made.whole(m) and m.number == LAST,
        lambda m: made.picture(m) and m.part == 3,
    ],
    ids=["a segment", "a segment of sound", "a part"],
)
@pytest.mark.parametrize("ticks", [1, -1, 5000])
def test_decode_times_add_up(which: Callable[[Media], bool], ticks: int) -> None:
    assert broken(rules.continuity, made.with_body(STREAM, later(ticks), which)) == {"cmaf.continuity"}


def test_decode_times_add_up_inside_a_segment() -> None:
    times = iter(range(1, 1000))

    def drifting(body: bytes) -> bytes:
        return rewrite(body, "moof/traf/tfdt", lambda raw: patched(12, (next(times) * 977).to_bytes(8, "big"))(raw))

    found = list(
        rules.continuity(made.with_body(made.dash(), drifting, lambda m: m.number == LAST and made.picture(m)))
    )
    assert any("inside segment" in finding.seen for finding in found)


def test_a_discontinuity_excuses_a_jump() -> None:
    def announced(text: str) -> str:
        return text.replace(f"{LAST - 1}.m4s\n", f"{LAST - 1}.m4s\n#EXT-X-DISCONTINUITY\n")

    stream = made.with_body(made.hls(text=announced), later(5000), lambda m: m.number == LAST)
    assert broken(rules.continuity, stream) == set()


def test_parts_that_are_gap_excuse_the_jump_behind_them() -> None:
    def told(text: str) -> str:
        return text.replace(f'URI="{LAST - 1}.9.m4s"', f'URI="{LAST - 1}.9.m4s",GAP=YES')

    assert told(made.playlist(made.video())) != made.playlist(made.video())
    stream = made.with_body(made.hls(text=told), later(5000), lambda m: m.number == LAST)
    assert broken(rules.continuity, stream) == set()


def test_a_new_header_excuses_a_jump() -> None:
    stream = made.with_body(STREAM, later(5000), lambda m: m.number == LAST and made.picture(m))
    renewed = made.with_media(stream, lambda m: _other_header(m) if m.number == LAST else m)
    assert broken(rules.continuity, renewed) == set()


def _other_header(media: Media) -> Media:
    return replace(media, init=media.init.replace(b"und", b"eng") + b"\0\0\0\x08free")


def test_what_was_not_fetched_is_not_missed() -> None:
    holed: Any = made.with_media(STREAM, lambda m: None if m.number == LAST - 1 or m.part == 4 else m)
    assert broken(rules.continuity, holed) == set()


def numbered(value: int) -> Callable[[bytes], bytes]:
    return lambda body: rewrite(body, "moof/mfhd", patched(12, u32(value)))


def test_sequence_numbers_grow() -> None:
    back = made.with_body(STREAM, numbered(3), lambda m: made.whole(m) and m.number == LAST and made.picture(m))
    assert broken(rules.sequence_number, back) == {"cmaf.sequence-number"}


def test_the_chunks_of_a_segment_may_share_a_sequence_number() -> None:
    def shared(media: Media) -> Media:
        body = numbered(media.number)(media.fetch.body)
        return replace(media, fetch=replace(media.fetch, body=body))

    assert broken(rules.sequence_number, made.with_media(STREAM, shared)) == set()
    stuck = made.with_body(STREAM, numbered(5))
    assert broken(rules.sequence_number, stuck) == {"cmaf.sequence-number"}


def test_a_sequence_number_may_wrap() -> None:
    def wrapping(media: Media) -> Media:
        value = (media.number - LAST) % (1 << 32)
        return replace(media, fetch=replace(media.fetch, body=numbered(value)(media.fetch.body)))

    assert broken(rules.sequence_number, made.with_media(made.dash(), wrapping)) == set()


@pytest.mark.parametrize(
    "change",
    [later(1), lambda body: rewrite(body, "moof/traf/trun", patched(24, u32(7)))],
    ids=["another time", "another size"],
)
def test_parts_carry_the_samples_of_their_segment(change: Callable[[bytes], bytes]) -> None:
    stream = made.with_body(STREAM, change, lambda m: made.picture(m) and m.part == 2)
    assert broken(rules.parts_are_their_segment, stream) == {"cmaf.parts-are-their-segment"}
    assert broken(rules.parts_are_their_segment, STREAM) == set()
