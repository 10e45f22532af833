"""Rules on where decoding can start: flags, pictures and INDEPENDENT, each broken on bytes or playlist."""

from typing import Any

import media_streams as made
import pytest
from media_streams import broken, patched, rewrite

from ringside.core.boxes.box import box, u32
from ringside.core.boxes.trun import NON_SYNC
from ringside.prove.check.cmaf import samples as rules
from ringside.prove.check.cmaf.pictures import independent, length_prefixed

STREAM = made.hls()
TRUN = "moof/traf/trun"


def never_sync(stream: Any) -> Any:
    """Every sample flagged as depending on another."""
    return made.with_body(stream, lambda body: rewrite(body, TRUN, first_flags_off), made.picture)


def first_flags_off(trun: bytes) -> bytes:
    """A trun whose first sample, where it has flags of its own, is no sync sample."""
    return patched(20, u32(NON_SYNC))(trun) if trun[11] & 4 else trun


def no_idr(body: bytes) -> bytes:
    """IDR slices made into others, flags left as they are."""
    return body.replace(b"\0\0\0\x97\x65", b"\0\0\0\x97\x41")


def plain(stream: Any) -> Any:
    """The same, claiming nothing of CMAF."""
    ftyp = box("ftyp", b"iso6", u32(0))
    unbranded = made.with_body(stream, lambda body: rewrite(body, "styp", lambda raw: box("styp", b"msdh", u32(0))))
    return made.with_init(unbranded, lambda init: rewrite(init, "ftyp", lambda raw: ftyp))


def test_the_streams_of_these_tests_have_idr_pictures() -> None:
    assert b"\0\0\0\x97\x65" in made.video().chunks[0].data


@pytest.mark.parametrize("stream", [STREAM, made.dash()], ids=["hls", "dash"])
def test_a_segment_starts_with_a_sync_sample(stream: Any) -> None:
    rule = {"cmaf.segment-starts-independent"}
    assert broken(rules.segment_starts_independent, never_sync(stream)) == rule
    assert broken(rules.segment_starts_independent, plain(never_sync(stream))) == rule  # as the manifest promises


def test_a_segment_of_which_nothing_is_promised_may_start_anywhere() -> None:
    unpromised = made.MULTIVARIANT.replace("#EXT-X-INDEPENDENT-SEGMENTS\n", "")
    assert broken(rules.segment_starts_independent, plain(never_sync(made.hls(multivariant=unpromised)))) == set()
    quiet = made.manifest().replace('startWithSAP="1"', "")
    assert broken(rules.segment_starts_independent, plain(never_sync(made.dash(quiet)))) == set()


def test_a_sync_sample_is_an_idr_picture() -> None:
    assert broken(rules.sync_is_idr, made.with_body(STREAM, no_idr)) == {"cmaf.sync-is-idr"}
    assert broken(rules.sync_is_idr, STREAM) == set()


def test_encrypted_samples_are_not_looked_into() -> None:
    def encrypted(init: bytes) -> bytes:
        return init.replace(b"avc1", b"encv")

    assert broken(rules.sync_is_idr, made.with_init(made.with_body(STREAM, no_idr), encrypted)) == set()


@pytest.mark.parametrize("surgery", [never_sync, lambda stream: made.with_body(stream, no_idr)])
def test_an_independent_part_has_an_independent_frame(surgery: Any) -> None:
    assert broken(rules.independent_part, surgery(STREAM)) == {"cmaf.independent-part"}


def test_a_part_with_an_independent_frame_should_say_so() -> None:
    silent = made.hls(text=lambda text: text.replace(",INDEPENDENT=YES", ""))
    findings = list(rules.independent_part_unmarked(silent))
    assert {finding.rule.id for finding in findings} == {"cmaf.independent-part-unmarked"}
    assert {finding.where for finding in findings} == {"v180"}  # of sound nobody expects it


def test_a_segment_has_an_independent_frame() -> None:
    assert broken(rules.segment_has_independent_frame, never_sync(STREAM)) == {"cmaf.segment-has-independent-frame"}
    assert broken(rules.segment_has_independent_frame, STREAM) == set()


NAL_UNITS = (
    ("avc", 0x65, True),
    ("avc", 0x41, False),
    ("avc", 0x67, None),
    ("hevc", 0x26, True),
    ("hevc", 0x2A, True),
    ("hevc", 0x02, False),
    ("hevc", 0x40, None),
    ("av01", 0x65, None),
)


@pytest.mark.parametrize(("codec", "first", "verdict"), NAL_UNITS)
def test_pictures_are_told_by_their_nal_units(codec: str, first: int, verdict: bool | None) -> None:
    assert independent(codec, length_prefixed(bytes([0, 0, 0, 3, first, 1, 1]), 4)) is verdict


def test_parameter_sets_ahead_of_a_picture_are_passed_over() -> None:
    sample = b"\0\0\0\2\x67\1" + b"\0\0\0\2\x68\1" + b"\0\0\0\2\x65\1"
    assert independent("avc", length_prefixed(sample, 4)) is True
    assert independent("avc", length_prefixed(b"\xff\xff\xff\xff\x65", 4)) is None
