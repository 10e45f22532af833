"""Console: what a person watches while a crowd is on: a live table on a terminal, else a plain line every 5 seconds.

Totals and moments enter, once a second; text leaves. Decides nothing: limits come with the plan. Foreign words (the
URL, statuses) are shown as text, never read as markup.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.report import words
from ringside.prove.crowd.tally.moment import Moment, Total
from ringside.prove.crowd.tally.tally import Tally

PLAIN_EVERY_S = 5.0
SHOWN_S = 60
STATUSES_SHOWN = 6
MARK = "SATURATED"

Row = tuple[str, Text, str]
"""What, how much now, and a line of bars."""


def saturated_now(plan: Plan, now: Moment) -> bool:
    """In this moment the generator itself was past a limit of the plan's."""
    return now.cpu > plan.cpu_limit or (now.lag_p99_ms or 0.0) > plan.lag_limit_ms


def stall_ratio(tally: Tally) -> float | None:
    """Time spent stalled, of the time since the first frames; None while nobody plays."""
    whole_s = tally.watched_s + tally.stalled_s
    return tally.stalled_s / whole_s if whole_s else None


def on_time_ratio(tally: Tally) -> float | None:
    """Parts and segments that came before they were needed; None before the first."""
    count = tally.on_time + tally.late
    return tally.on_time / count if count else None


def statuses(tally: Tally) -> str:
    """`404 × 12, 503 × 3`; empty when all is well."""
    odd = words.unusual(tally.statuses)
    shown = [f"{status} × {words.whole(count)}" for status, count in list(odd.items())[:STATUSES_SHOWN]]
    return ", ".join([*shown, "…"] if len(odd) > STATUSES_SHOWN else shown)


def plain(plan: Plan, total: Total, now: Moment) -> str:
    """The state of the crowd in one line, for a log."""
    tally = total.tally
    parts = [
        f"{words.clock(min(total.t_s, plan.duration_s))}/{words.clock(plan.duration_s)}",
        f"joined {tally.joins} playing {now.playing} stalled {now.stalled} failed {tally.failures}",
        f"ttff {_two(tally.ttff.quantile_ms(0.5), tally.ttff.quantile_ms(0.99))}",
        f"stalls {tally.stalls} ({words.share(stall_ratio(tally))})",
        f"latency {_two(now.latency_p50_ms, now.latency_p95_ms)} spread {words.duration(now.spread_ms)}",
        f"on time {words.share(on_time_ratio(tally))}",
        f"{words.rate(now.mbps)} {now.requests_per_s:.0f} requests/s",
        statuses(tally),
        f"generator cpu {now.cpu:.2f} lag {words.duration(now.lag_p99_ms)}",
        MARK if saturated_now(plan, now) else "",
    ]
    return " | ".join(part for part in parts if part)


def _two(low: float | None, high: float | None) -> str:
    return f"{words.duration(low)} / {words.duration(high)}"


def _rows(plan: Plan, total: Total, history: Sequence[Moment]) -> Iterable[Row]:
    now, tally = history[-1], total.tally
    yield "watching", _viewers(tally, now), words.spark([float(each.on) for each in history])
    first = Text(
        f"p50 {words.duration(tally.ttff.quantile_ms(0.5))} · p99 {words.duration(tally.ttff.quantile_ms(0.99))}"
    )
    yield "first frame", first, ""
    yield "stalls", _stalls(tally, now), words.spark([float(each.stalled) for each in history])
    latency = f"p50 {words.duration(now.latency_p50_ms)} · p95 {words.duration(now.latency_p95_ms)}"
    yield "latency", Text(latency), words.spark([each.latency_p50_ms for each in history])
    yield "spread", Text(words.duration(now.spread_ms)), words.spark([each.spread_ms for each in history])
    on_time = on_time_ratio(tally)
    yield "on time", Text(words.share(on_time), style="" if on_time in (None, 1.0) else "yellow"), ""
    traffic = Text(f"{words.rate(now.mbps)} · {words.whole(now.requests_per_s)} requests/s")
    yield "traffic", traffic, words.spark([each.mbps for each in history])
    odd = statuses(tally)
    fine = "all 200" if tally.replies else words.NONE
    yield "statuses", Text(odd or fine, style="yellow" if odd else "green"), ""
    yield "generator", _generator(plan, now), words.spark([each.cpu for each in history], top=1.0)


def _viewers(tally: Tally, now: Moment) -> Text:
    text = Text(f"{words.whole(now.playing)} playing", style="bold")
    text.append(f" · {words.whole(tally.joins)} of {words.whole(tally.arrived)} joined", style="not bold")
    text.append(f" · {words.whole(tally.failures)} failed", style="bold red" if tally.failures else "not bold")
    return text


def _stalls(tally: Tally, now: Moment) -> Text:
    text = Text(f"{words.whole(now.stalled)} now", style="bold red" if now.stalled else "green")
    text.append(
        f" · {words.whole(tally.stalls)} in all · {words.share(stall_ratio(tally))} of the time", style="default"
    )
    return text


def _generator(plan: Plan, now: Moment) -> Text:
    text = Text(f"CPU {words.cores(now.cpu)} · lag p99 {words.duration(now.lag_p99_ms)}")
    if saturated_now(plan, now):
        text.append(f"  {MARK} ", style="bold white on red")
    return text


def table(plan: Plan, total: Total, history: Sequence[Moment], losses: Sequence[str]) -> RenderableType:
    """The state of the crowd, with the last minute as bars; `history` ends with now."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True, min_width=44)
    grid.add_column(style="cyan", no_wrap=True, overflow="crop")
    for what, value, bars in _rows(plan, total, history):
        grid.add_row(what, value, bars)
    passed = ProgressBar(total=plan.duration_s, completed=min(total.t_s, plan.duration_s))
    parts: list[RenderableType] = [passed, Text(), grid]
    parts += [Text(f"lost: {loss}", style="bold red") for loss in losses[-3:]]
    title = Text.assemble(
        (f" {words.clock(min(total.t_s, plan.duration_s))} ", "bold"),
        f"of {words.clock(plan.duration_s)} · ",
        (plan.url, "cyan"),
        " ",
    )
    return Panel(Group(*parts), title=title, title_align="left", border_style="dim", padding=(1, 2))


class Screen:
    """Shows a crowd on `console` while it lasts. A context manager; `say` prints a line above what is shown."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console = console
        self._plan = plan
        self._history: deque[Moment] = deque(maxlen=SHOWN_S)
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._plain_at_s = PLAIN_EVERY_S

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """Print one line."""
        self._console.print(Text(text))

    def show(self, total: Total, now: Moment, losses: Sequence[str]) -> None:
        """Show this moment."""
        self._history.append(now)
        if self._live is not None:
            self._live.update(table(self._plan, total, list(self._history), losses), refresh=True)
        elif total.t_s >= self._plain_at_s:
            self._plain_at_s = total.t_s - total.t_s % PLAIN_EVERY_S + PLAIN_EVERY_S
            self._console.print(Text(plain(self._plan, total, now)), soft_wrap=True)
