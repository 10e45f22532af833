"""What a person watches while a crowd is on."""

import io

from crowd_night import Night, plan_of
from rich.console import Console

from ringside.prove.crowd.report import words
from ringside.prove.crowd.report.console import MARK, Screen, plain, saturated_now, table
from ringside.prove.crowd.tally.moment import Total, moment
from ringside.prove.crowd.tally.tally import Tally


def shown(renderable: object, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_table_names_everything_that_is_measured() -> None:
    plan, night = plan_of(), Night(plan_of(), stalls_at=(19,), failing=3)
    text = shown(table(plan, night.total, night.moments, []))
    for said in (
        "0:20",
        "of 0:20",
        plan.url,
        "287 playing",
        "297 of 300 joined",
        "3 failed",
        "p50",
        "10 now",
        "500 ms",
        "requests/s",
        "503 × 10",
        "CPU 40 %",
    ):
        assert said in text, said
    assert MARK not in text


def test_a_generator_past_its_limits_is_marked() -> None:
    plan = plan_of()
    for trouble in (Night(plan, cpu=0.95), Night(plan, lag_ms=2 * plan.lag_limit_ms)):
        assert saturated_now(plan, trouble.moments[-1])
        assert MARK in shown(table(plan, trouble.total, trouble.moments, []))
        assert MARK in plain(plan, trouble.total, trouble.moments[-1])


def test_what_is_lost_is_told() -> None:
    plan, night = plan_of(), Night(plan_of())
    assert "lost: process 2 was killed (SIGKILL)" in shown(
        table(plan, night.total, night.moments, ["process 2 was killed (SIGKILL)"])
    )


def test_before_anybody_plays_what_is_unknown_is_a_dash() -> None:
    plan = plan_of()
    start = Total(1.0, Tally(), [])
    text = shown(table(plan, start, [moment(Total(0.0), start)], []))
    assert words.NONE in text
    assert "None" not in text
    assert "nan" not in text.lower()


def test_foreign_text_is_never_markup() -> None:
    plan = plan_of(url="http://127.0.0.1/[bold]x[/nothing]/index.m3u8")
    night = Night(plan)
    assert "[bold]x[/nothing]" in shown(table(plan, night.total, night.moments, ["[red]worker[/oops] died"]), 160)
    console = Console(file=io.StringIO(), color_system=None)
    Screen(console, plan).say("[/oops]")
    assert "[/oops]" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_table_keeps_to_a_narrow_terminal() -> None:
    plan, night = plan_of(), Night(plan_of(), stalls_at=(3, 4))
    assert all(len(line) <= 80 for line in shown(table(plan, night.total, night.moments, []), 80).splitlines())


def test_without_a_terminal_there_is_a_plain_line_every_five_seconds() -> None:
    plan, night = plan_of(duration_s=20), Night(plan_of(duration_s=20))
    console = Console(file=io.StringIO(), width=60)
    with Screen(console, plan) as screen:
        for total, now in zip(night.totals[1:], night.moments, strict=True):
            screen.show(total, now, [])
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split("/")[0] for line in lines] == ["0:05", "0:10", "0:15", "0:20"]
    assert all("joined 300" in line and "\x1b" not in line for line in lines)


def test_bars_grow_from_zero_and_leave_gaps_where_nothing_is_known() -> None:
    assert words.spark([0.0, None, 4.0, 8.0]) == "▁ ▄█"
    assert words.spark([], 10) == ""
    assert words.spark([0.5], top=1.0) == "▄"
    assert len(words.spark([1.0] * 100, 40)) == 40


def test_figures_read_as_a_person_writes_them() -> None:
    assert words.duration(None) == words.NONE
    assert [words.duration(ms) for ms in (0.44, 412.4, 1240.0, 14_230.0)] == ["0.4 ms", "412 ms", "1.24 s", "14.2 s"]
    assert [words.share(ratio) for ratio in (0.0, 1.0, 0.000004, 0.999999, 0.5, 0.0123)] == [
        "0 %",
        "100 %",
        "< 0.01 %",
        "> 99.99 %",
        "50 %",
        "1.23 %",
    ]
    assert [words.rate(mbps) for mbps in (0.84, 12.44, 361.0, 3610.0)] == [
        "840 kb/s",
        "12.4 Mb/s",
        "361 Mb/s",
        "3.61 Gb/s",
    ]
    assert [words.length(s) for s in (2.5, 45, 60, 125, 5400)] == ["2.5 s", "45 s", "1 min", "2 min 05 s", "1 h 30 min"]
    assert [words.volume(n) for n in (840_000, 12_400_000, 3.61e9)] == ["840 kB", "12.4 MB", "3.61 GB"]
    assert [words.short(text) for text in ("0.0 ms", "2.50 s", "100 %", "2.00 Gb/s", "1,500")] == [
        "0",
        "2.5 s",
        "100 %",
        "2 Gb/s",
        "1,500",
    ]
