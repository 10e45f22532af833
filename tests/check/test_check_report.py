"""What a person reads of an outcome."""

from io import StringIO

import pytest
from rich.console import Console

from ringside.prove.check import run
from ringside.prove.check.finding import RULES, Finding
from ringside.prove.check.report import progress_line, report, rules
from ringside.prove.check.run import Outcome, Progress

run.load()
MUST = RULES["http.listed-is-there"]
SHOULD = RULES["http.cors"]


def outcome(*findings: Finding, failed: tuple[str, ...] = ()) -> Outcome:
    judged = tuple(sorted(RULES))[:57]
    seen = {"playlists": 412, "media": 900, "requests": 1400, "bytes": 5}
    absent = (("hls.delta-update", "not offered"), ("ll-hls.gzip", "not offered"))
    return Outcome("http://a/", "ll-hls", 30.2, findings, judged, absent, failed, "", seen)


def printed(outcome: Outcome, width: int = 200) -> str:
    out = StringIO()
    Console(file=out, width=width).print(report(outcome))
    return out.getvalue()


def test_a_clean_stream_is_one_line() -> None:
    line = "low-latency HLS: 0 MUST, 0 SHOULD: 57 rules judged over 30 s, 412 playlists, 900 media objects"
    assert line in printed(outcome())


def test_findings_stand_by_rule_must_first() -> None:
    text = printed(outcome(SHOULD.broken("/live/", "nothing", "a star"), MUST.broken("v", "404", "200")))
    assert text.index(MUST.id) < text.index(SHOULD.id)
    assert MUST.clause in text
    assert "1 MUST, 1 SHOULD" in text


def test_of_many_places_some_are_shown_and_all_are_counted() -> None:
    text = printed(outcome(*(MUST.broken(f"rendition-{n}", "404", "200") for n in range(9))))
    assert "rendition-3" in text
    assert "rendition-4" not in text
    assert "and 5 more places" in text
    assert "9 MUST" in text


def test_what_happened_often_is_counted() -> None:
    assert "404  ×7" in printed(outcome(Finding(MUST, "v", "404", "200", count=7)))


def test_what_a_server_sent_is_text_and_nothing_else() -> None:
    text = printed(outcome(MUST.broken("[red]v", "\x1b[31m[bold]x\x07", "200")))
    assert "[red]v" in text
    assert "·[31m[bold]x·" in text
    assert "\x1b" not in text


def test_what_was_not_judged_is_told_once_for_each_reason() -> None:
    text = printed(outcome())
    assert "hls.delta-update, ll-hls.gzip" in text
    assert text.count("not offered") == 1


def test_a_watcher_that_was_late_says_so() -> None:
    late = outcome()
    late.seen["lag_ms"] = 340
    assert "itself late by up to 340 ms" in printed(late)
    assert "itself late" not in printed(outcome())


def test_a_judge_that_failed_is_told() -> None:
    assert "1 judges failed, which is a bug of ringside check" in printed(outcome(failed=("a.b: KeyError: x",)))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_is_lost_on_a_narrow_terminal(width: int) -> None:
    text = "".join(printed(outcome(MUST.broken("v720/index.m3u8", "a" * 300, "200")), width).split())
    assert text.count("a" * 10) >= 1
    assert text.count("a") >= 300


def test_the_list_of_rules_has_them_all() -> None:
    text = rules().plain
    assert all(rule.id in text and rule.says in text and rule.clause in text for rule in RULES.values())


def test_the_progress_line_says_how_far_it_is() -> None:
    line = progress_line(Progress(12.4, 30.0, 41, 90, 5_400_000))
    assert line == "watching 12 of 30 s: 41 playlists, 90 media objects, 5.4 MB"
