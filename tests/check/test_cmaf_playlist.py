"""Rules on media against its playlist: EXTINF and PROGRAM-DATE-TIME, each broken in the playlist's text."""

import re

import media_streams as made
import pytest
from media_streams import broken

from ringside.prove.check.cmaf import playlist as rules
from ringside.prove.check.cmaf.opened import torn

SECOND = made.FIRST + 1


def at_second(text: str, old: str, new: str) -> str:
    """`text` with a tag of the second segment replaced."""
    head, mark, tail = text.partition(f"{made.FIRST}.m4s\n")
    return head + mark + re.sub(old, new, tail, count=1)


@pytest.mark.parametrize(("extinf", "keeps"), [("2.00000", True), ("2.03", True), ("2", True), ("1.8", False)])
def test_extinf_is_the_duration_of_the_media(extinf: str, keeps: bool) -> None:
    stream = made.hls(text=lambda text: at_second(text, r"EXTINF:[\d.]+", f"EXTINF:{extinf}"))
    assert broken(rules.segment_duration, stream) == (set() if keeps else {"cmaf.segment-duration"})


def test_a_whole_number_of_seconds_may_be_rounded() -> None:
    for extinf, keeps in (("2", True), ("3", False)):
        stream = made.hls(text=lambda text, e=extinf: re.sub(r"EXTINF:[\d.]+", f"EXTINF:{e}", text))
        assert (broken(rules.segment_duration, stream) == set()) is keeps


def test_a_segment_that_lacks_parts_is_as_long_as_the_time_it_stands_for() -> None:
    def short(text: str) -> str:
        return re.sub(r"EXTINF:[\d.]+", "EXTINF:1.8", text)

    def told(text: str) -> str:
        return short(text).replace('.9.m4s"', '.9.m4s",GAP=YES')

    assert broken(rules.segment_duration, made.hls(text=short)) == {"cmaf.segment-duration"}
    told_of = {number for _, number in torn(made.hls(text=told))}
    assert told_of
    found = [finding.seen for finding in rules.segment_duration(made.hls(text=told))]
    assert not any(f"segment {number}" in seen for number in told_of for seen in found)


def shifted(text: str) -> str:
    """The second segment's date, a second later."""
    return at_second(text, r"(DATE-TIME:\S+:\d)(\d)(\.\d+Z)", lambda m: f"{m[1]}{(int(m[2]) + 1) % 10}{m[3]}")  # type: ignore[arg-type]


def test_dates_follow_decode_times_by_one_offset() -> None:
    assert broken(rules.date_mapping, made.hls(text=shifted)) == {"cmaf.date-mapping"}
    assert broken(rules.date_mapping, made.hls()) == set()


def test_dates_agree_between_renditions() -> None:
    def other_year(text: str) -> str:
        return text.replace("2026-", "2025-") if "INDEPENDENT" not in text.split("\n")[8] else text

    assert "2026-" in made.playlist(made.audio())
    assert broken(rules.date_mapping, made.hls(text=other_year)) == {"cmaf.date-mapping"}


def test_a_discontinuity_may_change_the_mapping() -> None:
    def announced(text: str) -> str:
        return at_second(shifted(text), "^", "#EXT-X-DISCONTINUITY\n").replace(
            f"\n{SECOND}.m4s\n", f"\n{SECOND}.m4s\n#EXT-X-DISCONTINUITY\n"
        )

    assert broken(rules.date_mapping, made.hls(text=announced)) == set()


def test_a_stream_without_dates_is_not_judged() -> None:
    undated = made.hls(text=lambda text: re.sub(r"#EXT-X-PROGRAM-DATE-TIME:\S+\n", "", text))
    assert broken(rules.date_mapping, undated) == set()
