"""Rules on the boxes of single segments and parts: each broken by surgery on bytes that keep it."""

from collections.abc import Callable
from typing import Any

import media_streams as made
import pytest
from media_streams import broken, patched, rewrite

from ringside.core.boxes.box import box, full_box, u32, u64
from ringside.prove.check.cmaf import fragment as rules

STREAM = made.hls()
DASH = made.dash()
PLAIN_INIT = box("ftyp", b"iso6", u32(0), b"iso6")
TRAF = "moof/traf"


def surgery(path: str, change: Callable[[bytes], bytes], stream: Any = STREAM) -> Any:
    """The stream with the boxes at `path` changed in the first part of the picture."""
    first = made.FIRST
    return made.with_body(
        stream, lambda body: rewrite(body, path, change), lambda m: m.number == first and made.picture(m)
    )


def not_cmaf(stream: Any) -> Any:
    """The same bytes, claiming nothing."""
    unbranded = made.with_body(stream, lambda body: rewrite(body, "styp", lambda raw: box("styp", b"msdh", u32(0))))
    return made.with_init(unbranded, lambda init: rewrite(init, "ftyp", lambda raw: PLAIN_INIT))


def retyped(to: bytes) -> Callable[[bytes], bytes]:
    return patched(4, to)


def test_a_segment_is_whole_boxes() -> None:
    for cut in (lambda body: body[:-1], lambda body: body[:30], lambda body: b"<html>not found</html>"):
        assert broken(rules.readable, made.with_body(STREAM, cut)) == {"cmaf.boxes"}
    assert broken(rules.readable, surgery(f"{TRAF}/trun", patched(12, b"\xff" * 4))) == {"cmaf.boxes"}


MISPLACED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "no mdat": ("mdat", lambda raw: b""),
    "no moof": ("moof", lambda raw: b""),
    "two mdats": ("mdat", lambda raw: raw + raw),
    "prft ahead of styp": ("styp", lambda raw: box("prft", bytes(24)) + raw),
    "meta ahead of moof": ("moof", lambda raw: full_box("meta", 0, 0) + raw),
    "prft behind moof": ("moof", lambda raw: raw + box("prft", bytes(24))),
    "mfra at the end": ("mdat", lambda raw: raw + box("mfra", bytes(8))),
}


@pytest.mark.parametrize("name", MISPLACED)
def test_boxes_come_in_the_order_of_a_chunk(name: str) -> None:
    path, change = MISPLACED[name]
    assert broken(rules.box_order, surgery(path, change)) == {"cmaf.box-order"}


def test_an_emsg_ahead_of_the_moof_is_in_order() -> None:
    assert broken(rules.box_order, surgery("moof", lambda raw: box("emsg", bytes(30)) + raw)) == set()


def test_what_does_not_claim_to_be_cmaf_only_needs_its_mdats() -> None:
    for name in ("two mdats", "meta ahead of moof", "mfra at the end"):
        assert broken(rules.box_order, not_cmaf(surgery(*MISPLACED[name]))) == set()
    assert broken(rules.box_order, not_cmaf(surgery(*MISPLACED["no mdat"]))) == {"cmaf.box-order"}


@pytest.mark.parametrize("path", [TRAF, f"{TRAF}/trun"])
def test_a_chunk_has_one_traf_with_one_trun(path: str) -> None:
    doubled = surgery(path, lambda raw: raw + raw)
    assert broken(rules.one_traf, doubled) == {"cmaf.one-traf"}
    assert broken(rules.one_traf, not_cmaf(doubled)) == set()


def test_a_traf_is_of_the_headers_track() -> None:
    assert broken(rules.track_id, surgery(f"{TRAF}/tfhd", patched(12, u32(7)))) == {"cmaf.track-id"}


def test_samples_are_addressed_from_the_moof() -> None:
    unset = surgery(f"{TRAF}/tfhd", patched(8, b"\0\0\0\x28"))
    assert broken(rules.movie_fragment_relative, unset) == {"cmaf.movie-fragment-relative"}
    assert broken(rules.movie_fragment_relative, not_cmaf(unset)) == set()
    in_dash = not_cmaf(surgery(f"{TRAF}/tfhd", patched(8, b"\0\0\0\x28"), DASH))
    assert broken(rules.movie_fragment_relative, in_dash) == {"cmaf.movie-fragment-relative"}


def test_samples_are_not_addressed_from_the_start_of_a_file() -> None:
    absolute = full_box("tfhd", 0, 0x020001, u32(1), u64(1000))
    found = broken(rules.movie_fragment_relative, not_cmaf(surgery(f"{TRAF}/tfhd", lambda raw: absolute)))
    assert found == {"cmaf.movie-fragment-relative"}


def test_every_traf_has_a_tfdt() -> None:
    assert broken(rules.tfdt, surgery(f"{TRAF}/tfdt", retyped(b"free"))) == {"cmaf.tfdt"}


@pytest.mark.parametrize(("ticks", "keeps"), [((1 << 32) - 1, False), (90_000, True)])
def test_a_large_decode_time_is_not_version_0(ticks: int, keeps: bool) -> None:
    short = full_box("tfdt", 0, 0, u32(ticks), u32(0))  # as long as the one it replaces
    found = broken(rules.tfdt_version, surgery(f"{TRAF}/tfdt", lambda raw: short))
    assert found == (set() if keeps else {"cmaf.tfdt-version"})


@pytest.mark.parametrize("offset", [0, 60, 1 << 20, (1 << 32) - 5])
def test_data_offsets_lead_into_the_mdat(offset: int) -> None:
    assert broken(rules.data_in_mdat, surgery(f"{TRAF}/trun", patched(16, u32(offset)))) == {"cmaf.data-in-mdat"}


def test_a_cmaf_mdat_holds_samples_and_nothing_else() -> None:
    padded = surgery("mdat", lambda raw: box("mdat", raw[8:], bytes(10)))
    assert broken(rules.mdat_only_samples, padded) == {"cmaf.mdat-only-samples"}
    assert broken(rules.mdat_only_samples, not_cmaf(padded)) == set()


def test_the_picture_is_not_moved_by_trun_and_edit_list_both() -> None:
    edts = box("edts", full_box("elst", 1, 0, u32(1), u64(0) + u64(1024) + u32(0x10000)))

    def with_edit(init: bytes) -> bytes:
        return rewrite(init, "moov/trak", lambda raw: (len(raw) + len(edts)).to_bytes(4, "big") + raw[4:] + edts)

    edited = made.with_init(STREAM, with_edit)
    assert broken(rules.trun_or_edit_list, edited) == {"cmaf.trun-or-edit-list"}
    version_0 = made.with_body(edited, lambda body: rewrite(body, f"{TRAF}/trun", patched(8, b"\0")))
    assert broken(rules.trun_or_edit_list, version_0) == set()
    sound = made.with_init(STREAM, with_edit, "a")
    assert broken(rules.trun_or_edit_list, sound) == set()
