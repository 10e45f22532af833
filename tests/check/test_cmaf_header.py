"""Rules on headers: each broken by surgery on a header that keeps it (`test_cmaf_own_stream` has the whole ones)."""

from collections.abc import Callable

import media_streams as made
import pytest
from media_streams import broken, patched, rewrite

from ringside.core.boxes.box import box, full_box, u32, u64
from ringside.prove.check.cmaf import header as rules

STREAMS = {"hls": made.hls(), "dash": made.dash()}


def renamed(path: str, to: bytes) -> Callable[[bytes], bytes]:
    return lambda init: rewrite(init, path, patched(4, to))


def appended(path: str, more: bytes) -> Callable[[bytes], bytes]:
    """The box at `path` with `more` behind its last child."""
    return lambda init: rewrite(init, path, lambda raw: (len(raw) + len(more)).to_bytes(4, "big") + raw[4:] + more)


def brand(*names: bytes) -> Callable[[bytes], bytes]:
    return lambda init: rewrite(init, "ftyp", lambda raw: box("ftyp", names[0], u32(0), *names))


@pytest.mark.parametrize(
    "change",
    [
        lambda init: init[:-1],
        lambda init: init[24:],
        lambda init: init + init[24:],
        lambda init: rewrite(init, "moov/trak/mdia/mdhd", lambda raw: b""),
        renamed("ftyp", b"free"),
        lambda init: b"no header at all",
    ],
    ids=["cut off", "no ftyp", "two moov", "no mdhd", "ftyp called free", "text"],
)
def test_a_header_is_ftyp_and_moov_with_all_that_a_track_needs(change: Callable[[bytes], bytes]) -> None:
    assert broken(rules.header_boxes, made.with_init(STREAMS["dash"], change)) == {"cmaf.header-boxes"}


def test_hls_needs_a_brand_of_iso6_or_later() -> None:
    assert broken(rules.header_brand, made.with_init(STREAMS["hls"], brand(b"isom", b"iso5"))) == {"cmaf.header-brand"}
    assert broken(rules.header_brand, made.with_init(STREAMS["hls"], brand(b"iso5", b"iso6"))) == set()
    assert broken(rules.header_brand, made.with_init(STREAMS["dash"], brand(b"isom", b"iso5"))) == set()


def test_a_cmaf_header_has_one_track() -> None:
    doubled = made.with_init(STREAMS["dash"], lambda init: rewrite(init, "moov/trak", lambda raw: raw + raw))
    assert broken(rules.one_track, doubled) == {"cmaf.one-track"}
    plain = made.with_init(doubled, brand(b"iso6"))
    assert broken(rules.one_track, plain) == set()


@pytest.mark.parametrize("path", ["moov/mvex", "moov/mvex/trex"])
def test_a_header_has_an_mvex_with_a_trex_for_its_track(path: str) -> None:
    assert broken(rules.mvex, made.with_init(STREAMS["dash"], renamed(path, b"free"))) == {"cmaf.mvex"}


def test_a_header_has_no_samples() -> None:
    one = full_box("stsz", 0, 0, u32(0), u32(1), u32(900))
    change = made.with_init(
        STREAMS["hls"], lambda init: rewrite(init, "moov/trak/mdia/minf/stbl/stsz", lambda raw: one)
    )
    assert broken(rules.no_samples, change) == {"cmaf.no-samples"}


@pytest.mark.parametrize(("path", "at"), [("moov/mvhd", 24), ("moov/trak/tkhd", 28)])
def test_an_hls_header_has_no_duration(path: str, at: int) -> None:
    lasting = made.with_init(STREAMS["hls"], lambda init: rewrite(init, path, patched(at, u32(9000))))
    assert broken(rules.header_duration, lasting) == {"cmaf.header-duration"}
    unknown = made.with_init(STREAMS["hls"], lambda init: rewrite(init, path, patched(at, b"\xff" * 4)))
    assert broken(rules.header_duration, unknown) == set()


def test_a_timescale_is_not_zero() -> None:
    timeless = made.with_init(STREAMS["hls"], lambda i: rewrite(i, "moov/trak/mdia/mdhd", patched(20, bytes(4))))
    assert broken(rules.timescale, timeless) == {"cmaf.timescale"}


@pytest.mark.parametrize("type", ["meta", "udta"])
def test_a_cmaf_header_has_neither_meta_nor_udta_at_file_level(type: str) -> None:
    stream = made.with_init(STREAMS["hls"], lambda init: init + full_box(type, 0, 0))
    assert broken(rules.no_meta, stream) == {"cmaf.no-meta"}
    assert broken(rules.no_meta, made.with_init(stream, brand(b"iso6"))) == set()
    inside = made.with_init(STREAMS["hls"], appended("moov", full_box(type, 0, 0)))
    assert broken(rules.no_meta, inside) == set()


def edits(*starts: int) -> Callable[[bytes], bytes]:
    rows = b"".join(u64(0) + u64(start % (1 << 64)) + u32(0x10000) for start in starts)
    return appended("moov/trak", box("edts", full_box("elst", 1, 0, u32(len(starts)), rows)))


@pytest.mark.parametrize(("starts", "keeps"), [((1024,), True), ((0,), True), ((-1,), False), ((-1, 0), False)])
def test_an_edit_list_of_cmaf_only_skips_media(starts: tuple[int, ...], keeps: bool) -> None:
    found = broken(rules.edit_list, made.with_init(STREAMS["dash"], edits(*starts)))
    assert found == (set() if keeps else {"cmaf.edit-list"})
