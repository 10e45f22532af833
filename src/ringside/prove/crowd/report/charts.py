"""Charts: series of points as SVG that stretches, with labels in HTML that do not.

The drawing has 1000 by 100 units whatever its size on the page, and strokes that keep their width; so the same chart
is right on a wall and on a telephone. Points are `(t_s, value)`; a value of None is a gap.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from ringside.prove.crowd.report import words
from ringside.prove.crowd.report.markup import Html, tag, text

WIDTH, HEIGHT = 1000.0, 100.0
POINTS = 500
"""More than these are thinned out, each kept point being the greatest of its neighbours."""

Point = tuple[float, float | None]
Say = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """A line, an area or bars; `style` is the CSS class that colours it."""

    name: str
    points: Sequence[Point]
    style: str
    kind: str = "line"


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line at a time, or a horizontal one at a value."""

    at: float
    label: str


def nice_top(value: float, steps: int = 4) -> tuple[float, float]:
    """A round step and the least multiple of it that is at least `value`, in `steps` steps or fewer."""
    if value <= 0:
        return 1.0, 1.0
    raw = value / steps
    power = 10.0 ** floor(log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * (1 - 1e-9))
    return step, step * ceil(value / step - 1e-9)


def thin(points: Sequence[Point], most: int = POINTS) -> list[Point]:
    """At most `most` points: the greatest of each group of neighbours."""
    if len(points) <= most:
        return list(points)
    size = -(-len(points) // most)
    groups = (points[i : i + size] for i in range(0, len(points), size))
    return [max(group, key=lambda point: -1.0 if point[1] is None else point[1]) for group in groups]


def chart(
    title: str,
    note: str,
    series: Sequence[Series],
    say: Say,
    span: tuple[float, float],
    *,
    floor_top: float = 0.0,
    whole: bool = False,
    limit: Mark | None = None,
    marks: Iterable[Mark] = (),
    empty: str = "nothing to show",
) -> Html:
    """A card with series over time. `span` is the first and last second; `whole`: values are counts."""
    greatest = max((value for each in series for _, value in each.points if value is not None), default=0.0)
    step, top = nice_top(max(greatest, floor_top, limit.at * 1.08 if limit else 0.0))
    if whole and step < 1:
        step, top = 1.0, float(max(1, ceil(top)))
    x = _scale(span)
    plots = [_plot(each, x, top) for each in series]
    if limit is not None:
        plots.append(_across(HEIGHT - limit.at / top * HEIGHT, "limit"))
    inside = [mark for mark in marks if span[0] < mark.at < span[1]]
    plots += [_down(x(mark.at), "mark") for mark in inside]
    labels = [_label(mark.label, x(mark.at) / WIDTH, "mark-label above") for mark in inside]
    if limit is not None:
        labels.append(tag("span", limit.label, class_="limit-label", style=f"bottom:{limit.at / top * 100:.2f}%"))
    nothing = None if any(v for each in series for _, v in each.points) else tag("p", empty, class_="empty")
    return _card(
        title,
        note,
        _key(series) if len(series) > 1 else None,
        _frame(plots, [*labels, nothing], _y(step, top, say), _times(span)),
    )


def stack(
    title: str,
    note: str,
    layers: Sequence[tuple[str, Sequence[float]]],
    times: Sequence[float],
    span: tuple[float, float],
) -> Html:
    """A card with shares of a whole over time, stacked to 100 %; the first layer lies at the bottom."""
    x = _scale(span)
    sums = [sum(values) for values in zip(*(values for _, values in layers), strict=True)]
    below = [0.0] * len(times)
    plots: list[Html] = []
    last = len(layers) - 1
    styles = [f"rung r{round(5 * i / last) if last else 3}" for i in range(len(layers))]
    for (name, values), style in zip(layers, styles, strict=True):
        above = [b + (v / s if s else 0.0) for b, v, s in zip(below, values, sums, strict=True)]
        edge = [f"{x(t):.1f},{HEIGHT - a * HEIGHT:.2f}" for t, a in zip(times, above, strict=True)]
        back = [f"{x(t):.1f},{HEIGHT - b * HEIGHT:.2f}" for t, b in zip(times, below, strict=True)]
        d = "M" + " L".join([*edge, *reversed(back)]) + " Z"
        plots.append(tag("path", tag("title", name), d=d, class_=style))
        below = above
    key = [Series(name, (), style) for (name, _), style in zip(layers, styles, strict=True)]
    empty = None if times else tag("p", "nothing to show", class_="empty")
    return _card(title, note, _key(key), _frame(plots, [empty], _y(0.25, 1.0, words.cores), _times(span)))


def distribution(
    title: str, note: str, bins: Sequence[tuple[float, float, float]], marks: Sequence[Mark], say: Say
) -> Html:
    """A card with counts by value: `bins` are `(from, to, count)`, side by side; marks are percentiles."""
    if not bins:
        return _card(title, note, None, _frame([], [tag("p", "nothing to show", class_="empty")], [], []))
    span = (bins[0][0], bins[-1][1])
    x = _scale(span)
    greatest = max(count for _, _, count in bins)
    total = sum(count for _, _, count in bins)
    plots: list[Html] = []
    for low, high, count in bins:
        tall = count / greatest * HEIGHT * 0.72
        hint = tag("title", f"{say(low)} to {say(high)}: {words.whole(count)} ({words.share(count / total)})")
        wide = max(1.0, (x(high) - x(low)) * 0.86)
        plots.append(
            tag(
                "rect",
                hint,
                x=f"{x(low):.1f}",
                y=f"{HEIGHT - tall:.2f}",
                width=f"{wide:.1f}",
                height=f"{tall:.2f}",
                class_="bar",
            )
        )
    inside = [mark for mark in marks if span[0] <= mark.at <= span[1]]
    plots += [_down(x(mark.at), "mark") for mark in inside]
    labels = [_label(mark.label, x(mark.at) / WIDTH, f"mark-label l{i}") for i, mark in enumerate(inside)]
    step, _ = nice_top(span[1] - span[0], 4)
    first = ceil(span[0] / step - 1e-9)
    ticks = [step * (first + i) for i in range(6) if step * (first + i) <= span[1] * (1 + 1e-9)]
    return _card(
        title, note, None, _frame(plots, labels, [], [(x(tick) / WIDTH, words.short(say(tick))) for tick in ticks])
    )


def _scale(span: tuple[float, float]) -> Callable[[float], float]:
    low, wide = span[0], max(span[1] - span[0], 1e-9)
    return lambda value: (value - low) / wide * WIDTH


def _plot(series: Series, x: Callable[[float], float], top: float) -> Html:
    points = thin(series.points)
    if series.kind == "bars":
        wide = max(1.5, WIDTH / max(1, len(points)) * 0.7)
        bars = [
            tag(
                "rect",
                x=f"{x(t) - wide / 2:.1f}",
                y=f"{HEIGHT - v / top * HEIGHT:.2f}",
                width=f"{wide:.1f}",
                height=f"{v / top * HEIGHT:.2f}",
            )
            for t, v in points
            if v
        ]
        return tag("g", *bars, class_=series.style)
    runs = [[(x(t), HEIGHT - v / top * HEIGHT) for t, v in run] for run in _runs(points)]
    lines = [
        "M" + " L".join(f"{a:.1f},{b:.2f}" for a, b in (run if len(run) > 1 else [*run, (run[0][0] + 2, run[0][1])]))
        for run in runs
    ]
    drawn = [tag("path", d=" ".join(lines), class_="stroke")] if lines else []
    if series.kind == "area":
        fills = [
            f"{line} L{run[-1][0]:.1f},{HEIGHT} L{run[0][0]:.1f},{HEIGHT} Z"
            for line, run in zip(lines, runs, strict=True)
        ]
        drawn.insert(0, tag("path", d=" ".join(fills), class_="fill"))
    return tag("g", *drawn, class_=series.style)


def _runs(points: Iterable[Point]) -> list[list[tuple[float, float]]]:
    """Unbroken stretches of known values."""
    runs: list[list[tuple[float, float]]] = [[]]
    for t, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((t, value))
    return [run for run in runs if run]


def _across(y: float, style: str) -> Html:
    return tag("line", x1=0, x2=WIDTH, y1=f"{y:.2f}", y2=f"{y:.2f}", class_=style)


def _down(x: float, style: str) -> Html:
    return tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=0, y2=HEIGHT, class_=style)


def _label(words_: str, at: float, style: str) -> Html:
    """A label beside a vertical line, on the side where there is room."""
    side = f"left:{at * 100:.2f}%" if at < 0.6 else f"right:{(1 - at) * 100:.2f}%"
    return tag("span", words_, class_=style, style=side)


def _y(step: float, top: float, say: Say) -> list[tuple[float, str]]:
    return [(i * step / top, words.short(say(i * step))) for i in range(round(top / step) + 1)]


def _times(span: tuple[float, float]) -> list[tuple[float, str]]:
    wide = span[1] - span[0]
    step = next((s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600) if wide / s <= 6), 7200)
    first = ceil(span[0] / step)
    return [
        ((step * i - span[0]) / max(wide, 1e-9), words.clock(step * i)) for i in range(first, int(span[1] // step) + 1)
    ]


def _frame(
    plots: Sequence[Html], over: Sequence[Html | None], y: Sequence[tuple[float, str]], x: Sequence[tuple[float, str]]
) -> Html:
    lines = [_across(HEIGHT - at * HEIGHT, "grid") for at, _ in y]
    svg = tag("svg", *lines, *plots, viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", preserveAspectRatio="none", role="img")
    ups = [tag("span", word, style=f"bottom:{at * 100:.2f}%") for at, word in y]
    alongs = [tag("span", word, style=f"left:{at * 100:.2f}%") for at, word in x]
    body = tag("div", svg, *over, class_="plot")
    return tag(
        "div",
        tag("div", *ups, class_="y") if y else None,
        body,
        tag("div", *alongs, class_="x"),
        class_="frame" if y else "frame bare",
    )


def _key(series: Sequence[Series]) -> Html:
    return tag("ul", *(tag("li", tag("i", class_=each.style), each.name) for each in series), class_="key")


def _card(title: str, note: str, key: Html | None, body: Html) -> Html:
    head = tag("figcaption", tag("h3", title), tag("p", note) if note else None, key)
    return tag("figure", text(head, body), class_="card chart")
