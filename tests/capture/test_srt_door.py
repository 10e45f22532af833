"""Who may send over SRT, and which libsrt may be used: decisions alone."""

import pytest

from ringside.core.srt import MOST_PASSPHRASE, Options, Refusal
from ringside.core.srt.native import Trace
from ringside.core.srt.trust import CVE, MENDED, Facts, verdict
from ringside.flow.capture.srt.door import Door

KEY = "correct-horse-battery"
DEBIAN = Facts(0x010501, "/usr/lib/libsrt-gnutls.so.1.5.1", "libsrt1.5-gnutls", "1.5.1-1+deb12u2")


@pytest.mark.parametrize("stream_id", ["van", "#!::r=van", "#!::h=host,r=van,m=publish", "#!::m=bidirectional,r=van"])
def test_who_says_the_stream_id_is_asked_for_the_passphrase(stream_id: str) -> None:
    assert Door("van", KEY).judge(stream_id, busy=False) == KEY


@pytest.mark.parametrize("stream_id", ["", "va", "van ", "Van", "#!::r=truck", "#!::u=van", "#!::", "vän", "x" * 600])
def test_any_other_stream_id_is_turned_away(stream_id: str) -> None:
    assert Door("van", KEY).judge(stream_id, busy=False) is Refusal.UNAUTHORIZED


def test_without_a_stream_id_anybody_with_the_passphrase_may_come() -> None:
    assert Door("", KEY).judge("whatever", busy=False) == KEY


def test_who_wants_to_receive_is_told_that_there_is_nothing() -> None:
    assert Door("van", "").judge("#!::r=van,m=request", busy=False) is Refusal.BAD_MODE


def test_a_second_sender_is_turned_away_only_after_its_stream_id_was_right() -> None:
    door = Door("van", KEY)
    assert door.judge("van", busy=True) is Refusal.CONFLICT
    assert door.judge("nav", busy=True) is Refusal.UNAUTHORIZED


def test_a_passphrase_that_srt_cannot_use_is_named() -> None:
    assert Options(passphrase="short").fault == "a passphrase of SRT has 10 to 79 bytes"
    assert Options(passphrase="ä" * 40).fault  # 80 bytes
    assert not Options(passphrase="x" * MOST_PASSPHRASE).fault
    assert not Options().fault
    assert KEY not in repr(Options(passphrase=KEY))


def test_a_libsrt_that_is_new_enough_needs_no_witness() -> None:
    assert verdict(Facts(MENDED, "/usr/local/lib/libsrt.so.1.5")) == ""
    assert verdict(Facts(MENDED - 1, "/usr/local/lib/libsrt.so.1.5"))


def test_the_distributors_changelog_is_believed() -> None:
    assert verdict(Facts(0x010501, "x", "libsrt1.5-gnutls", "1.5.1-1ubuntu9", f"  * mend {CVE}")) == ""
    assert verdict(Facts(0x010501, "x", "libsrt1.5-gnutls", "1.5.1-1ubuntu9", "  * new upstream"))


@pytest.mark.parametrize(
    ("version", "trusted"),
    [
        ("1.5.1-1+deb12u2", True),
        ("1.5.1-1+deb12u10", True),
        ("1.5.1-1+deb12u1", False),
        ("1.5.1-1", False),
        ("1.5.4-1", False),  # newer than the patched one, and not patched
        ("", False),
    ],
)
def test_without_a_changelog_only_debians_patched_line_is_known(version: str, trusted: bool) -> None:
    found = verdict(Facts(0x010501, "/usr/lib/libsrt.so.1.5.1", "libsrt1.5-gnutls", version))
    assert (found == "") is trusted


def test_a_refused_libsrt_is_named_with_its_version_and_what_can_be_done() -> None:
    said = verdict(Facts(DEBIAN.version, DEBIAN.path, DEBIAN.package, "1.5.1-1+deb12u1"))
    for word in ("libsrt 1.5.1", "/usr/lib/libsrt-gnutls.so.1.5.1", CVE, "RINGSIDE_SRT_LIBRARY=trusted"):
        assert word in said


@pytest.mark.parametrize(
    ("field", "offset"),
    [
        ("pktRecvTotal", 16),
        ("pktRcvLossTotal", 28),
        ("pktSndDropTotal", 64),
        ("pktRcvDropTotal", 68),
        ("byteRecvTotal", 88),
        ("msRTT", 328),
        ("msSndBuf", 372),
        ("msRcvTsbPdDelay", 392),
    ],
)
def test_counts_are_read_where_libsrt_writes_them(field: str, offset: int) -> None:
    """As srt.h of libsrt 1.5 lays SRT_TRACEBSTATS out on 64-bit Linux."""
    assert getattr(Trace, field).offset == offset
