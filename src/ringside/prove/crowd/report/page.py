"""Page: the report laid out: the answer, the figures, the charts, what went wrong, and how to do it again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.report import facts, words
from ringside.prove.crowd.report.again import command
from ringside.prove.crowd.report.charts import Mark, Point, Series, chart, distribution, stack, thin
from ringside.prove.crowd.report.markup import Html, tag
from ringside.prove.crowd.report.style import CSS
from ringside.prove.crowd.tally.histogram import BUCKETS, LINEAR_US, Histogram
from ringside.prove.crowd.tally.moment import Moment
from ringside.prove.crowd.tally.tally import BYTES, LEAST, MOST, ON, PLAYING, STALLED, Tally

BINS = 44
LAYERS = 6
ROWS = 12
"""Of a table; the rest is added up."""


def render(verdict: Mapping[str, Any], plan: Plan, tally: Tally, moments: Sequence[Moment], when: str) -> str:
    """The whole page. `when` is the date and time as a person writes it."""
    void = "Void: the generator was the bottleneck · " if verdict["saturated"] else ""
    title = f"{void}{facts.headline(verdict)} · Ringside crowd"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(CSS)),
    )
    body = tag(
        "main",
        _header(verdict, when),
        tag("section", *map(_tile, facts.tiles(verdict)), class_="tiles"),
        tag("h2", "Over time"),
        tag("section", *_over_time(plan, tally, moments, verdict.get("lasted_s", plan.duration_s)), class_="charts"),
        tag("h2", "For each viewer"),
        tag("section", *_distributions(tally), class_="charts"),
        tag("h2", "Answers and failures"),
        tag("section", *_answers(verdict), class_="tables"),
        tag("h2", "How it was done"),
        tag("section", *_done(verdict, plan), class_="tables"),
        tag(
            "footer",
            f"Made by Ringside ({verdict['commit']}). Latency counts each viewer once a second at the live edge.",
        ),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang='en')}\n"


def _header(verdict: Mapping[str, Any], when: str) -> Html:
    brand = tag("div", tag("span", tag("b", "Ringside"), " crowd report"), tag("span", when), class_="brand")
    void = None
    if verdict["saturated"]:
        because = verdict["saturated_because"]
        why = f"{because[:1].upper()}{because[1:]}. Use more processes or more machines, and run it again."
        banner = "Void: the generator was the bottleneck, so this says nothing about the server"
        void = tag("div", tag("b", banner), tag("p", why), class_="banner", role="alert")
    headline = tag("h1", words.bound(facts.headline(verdict)), class_="voided" if verdict["saturated"] else None)
    lines = (
        headline,
        tag("p", words.bound(facts.standfirst(verdict)), class_="stand"),
        tag("p", verdict["url"], class_="url"),
    )
    return tag("header", brand, void, *lines)


def _tile(tile: facts.Tile) -> Html:
    figure = tag("div", tile.figure, class_="figure")
    return tag(
        "div",
        tag("h3", tile.name),
        figure,
        tag("p", words.bound(tile.detail)),
        class_=f"card tile {tile.mood}".rstrip(),
    )


# -- charts


def _over_time(plan: Plan, tally: Tally, moments: Sequence[Moment], lasted_s: float) -> Iterable[Html]:
    """`lasted_s`: seconds that had hardly begun when it ended are not drawn."""
    span = (0.0, max(lasted_s, 1.0))
    marks = _events(plan)
    rows = sorted((second, row) for second, row in tally.rows.items() if second <= lasted_s - 0.5)

    def of(column: int, scale: float = 1.0) -> list[Point]:
        return [(second + 0.5, row[column] * scale) for second, row in rows]

    spread = [(s + 0.5, (row[MOST] - row[LEAST]) * 1e3 if row[MOST] >= row[LEAST] else None) for s, row in rows]
    there, playing = Series("there", of(ON), "two"), Series("playing", of(PLAYING), "one", "area")
    yield chart("Viewers", "", [there, playing], words.whole, span, whole=True, marks=marks)
    yield chart(
        "Viewers stalled",
        "Standing still in that second",
        [Series("stalled", of(STALLED), "red", "bars")],
        words.whole,
        span,
        whole=True,
        marks=marks,
        empty="nobody stalled",
    )
    p50 = Series("half of the viewers", [(m.t_s, m.latency_p50_ms) for m in moments], "one")
    p95 = Series("95 %", [(m.t_s, m.latency_p95_ms) for m in moments], "two")
    yield chart("Behind live", "Latency from capture to picture", [p50, p95], words.duration, span, marks=marks)
    note = "Between the viewer furthest ahead and the one furthest behind"
    yield chart("Spread", note, [Series("spread", spread, "one", "area")], words.duration, span, marks=marks)
    yield _rungs(moments, span)
    moved = Series("throughput", of(BYTES, 8e-6), "one", "area")
    yield chart("Throughput", "Media and playlists, as received", [moved], words.rate, span, marks=marks)
    asked = Series("requests", [(m.t_s, m.requests_per_s) for m in moments], "one", "area")
    yield chart("Requests", "A second", [asked], words.whole, span, marks=marks)
    limit = Mark(plan.cpu_limit, f"limit {words.cores(plan.cpu_limit)}")
    busy = Series("cpu", [(m.t_s, m.cpu) for m in moments], "one", "area")
    yield chart(
        "Generator", "CPU of its busiest process, of one core", [busy], words.cores, span, floor_top=1.0, limit=limit
    )


def _events(plan: Plan) -> list[Mark]:
    found = [(plan.storm_at_s, "reconnect storm"), (plan.leave_at_s, "exit")]
    return [Mark(at_s, label) for at_s, label in found if at_s is not None]


def _rungs(moments: Sequence[Moment], span: tuple[float, float]) -> Html:
    """Which bitrates were played. More rungs than there are colours are put with their neighbours below."""
    kept = [moment for moment in moments if moment.rungs]
    picked = thin([(float(i), 0.0) for i in range(len(kept))])
    kept = [kept[int(i)] for i, _ in picked]
    known = sorted({rung for moment in kept for rung in moment.rungs})
    size = -(-len(known) // LAYERS) or 1
    groups = [known[i : i + size] for i in range(0, len(known), size)]
    layers = [(_rung_name(group), [float(sum(m.rungs.get(r, 0) for r in group)) for m in kept]) for group in groups]
    return stack("Bitrates played", "Share of the viewers by variant", layers, [moment.t_s for moment in kept], span)


def _rung_name(group: Sequence[int]) -> str:
    names = [words.short(words.rate(rung / 1e6)) if rung else "unknown" for rung in (group[0], group[-1])]
    return names[0] if len(group) == 1 else f"{names[0]} to {names[1]}"


def _distributions(tally: Tally) -> Iterable[Html]:
    note = "From opening the page to the first picture"
    yield distribution("Time to first frame", note, bins(tally.ttff), _percentiles(tally.ttff), words.duration)
    note = "One value for each viewer and second at the live edge"
    yield distribution("Latency", note, bins(tally.latency), _percentiles(tally.latency), words.duration)


def _percentiles(histogram: Histogram) -> list[Mark]:
    found = ((histogram.quantile_ms(q), name) for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")))
    return [Mark(ms, f"{name} {words.duration(ms)}") for ms, name in found if ms is not None]


def bins(histogram: Histogram, count: int = BINS) -> list[tuple[float, float, float]]:
    """`(from_ms, to_ms, values)` of equal width, from the least to 99.9 % (what lies beyond is in the last)."""
    low, high = histogram.quantile_ms(0.001), histogram.quantile_ms(0.999)
    if low is None or high is None:
        return []
    margin = max((high - low) * 0.04, high * 0.01, 0.1)
    low, high = max(0.0, low - margin), high + margin
    wide = (high - low) / count
    counts = [0.0] * count
    for from_ms, to_ms, values in buckets(histogram):
        first = min(count - 1, max(0, int((from_ms - low) / wide)))
        last = min(count - 1, max(first, int((to_ms - low) / wide - 1e-9)))
        for i in range(first, last + 1):  # a bucket over several bars is shared out as it lies
            begins = from_ms if i == first else low + i * wide
            ends = to_ms if i == last else low + (i + 1) * wide
            counts[i] += values * (ends - begins) / (to_ms - from_ms)
    return [(low + i * wide, low + (i + 1) * wide, counts[i]) for i in range(count)]


def buckets(histogram: Histogram) -> Iterable[tuple[float, float, int]]:
    """`(from_ms, to_ms, values)` of each bucket in use."""
    for bucket, values in histogram.counts.items():
        shift = 0 if bucket < LINEAR_US else bucket // BUCKETS - 1
        low = (bucket - shift * BUCKETS) << shift
        yield low / 1e3, (low + (1 << shift)) / 1e3, values


# -- tables


def _answers(verdict: Mapping[str, Any]) -> Iterable[Html]:
    odd = words.unusual(verdict["statuses"])
    statuses = [(status, count, status in odd) for status, count in verdict["statuses"].items()]
    yield _counts("Answers by status", sorted(statuses, key=lambda row: -row[1]), "no reply came")
    failures = [(reason, count, True) for reason, count in verdict["failures"].items()]
    problems = [(f"a request: {reason}", count, True) for reason, count in verdict["problems"].items()]
    yield _counts("Failures", [*failures, *problems], "no viewer failed, and every request was answered")


def _counts(title: str, rows: Sequence[tuple[str, int, bool]], otherwise: str) -> Html:
    if not rows:
        return tag("div", tag("h3", title), tag("p", otherwise, class_="soft"), class_="card")
    shown = [*rows[:ROWS]]
    if len(rows) > ROWS:
        shown.append((f"{len(rows) - ROWS} others", sum(count for _, count, _ in rows[ROWS:]), False))
    lines = [
        tag(
            "tr", tag("th", name, scope="row"), tag("td", words.whole(count), class_="n"), class_="odd" if bad else None
        )
        for name, count, bad in shown
    ]
    return tag("div", tag("h3", title), tag("table", tag("tbody", *lines)), class_="card")


def _done(verdict: Mapping[str, Any], plan: Plan) -> Iterable[Html]:
    yield _pairs("The crowd", _crowd(plan))
    yield _pairs("The generator", _generator(verdict, plan))
    seed = tag("p", f"Seed {verdict['seed']} and commit {verdict['commit']} make the same crowd again:", class_="soft")
    yield tag("div", tag("h3", "Run it again"), seed, tag("pre", command(plan)), class_="card wide")


def _pairs(title: str, pairs: Iterable[tuple[str, str]]) -> Html:
    lines = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in pairs]
    return tag("div", tag("h3", title), tag("table", tag("tbody", *lines)), class_="card")


def _crowd(plan: Plan) -> Iterable[tuple[str, str]]:
    over = "" if plan.arrive in {"flash", "trace"} else f" over {words.length(plan.arriving_s)}"
    yield "viewers", words.whole(plan.viewers)
    yield "arrival", f"{plan.arrive}{over}"
    yield "duration", words.length(plan.duration_s)
    yield "player", plan.player + ("" if plan.low_latency else ", low latency off")
    yield "networks", ", ".join(f"{name} {words.share(part)}" for name, part in plan.networks.items())
    if plan.slow:
        yield "slow readers", words.share(plan.slow)
    if plan.dvr:
        yield "watching behind", f"{words.share(plan.dvr)}, by {words.length(plan.dvr_s)}"
    if plan.churn_per_minute:
        yield "churn", f"{words.share(plan.churn_per_minute)} a minute"
    if plan.leave_at_s is not None:
        yield "mass exit", f"at {words.clock(plan.leave_at_s)}, over {words.length(plan.leave_over_s)}"
    if plan.storm_at_s is not None:
        yield "reconnect storm", f"at {words.clock(plan.storm_at_s)}, {words.share(plan.storm_share)} of the viewers"
    if plan.cmcd:
        yield "CMCD", f"version {plan.cmcd}, by {plan.cmcd_by}"


def _generator(verdict: Mapping[str, Any], plan: Plan) -> Iterable[tuple[str, str]]:
    for number, process in enumerate(verdict["generator"][:ROWS], 1):
        late = words.duration(process["loop_lag_ms"]["p99"])
        yield f"process {number}", f"{words.cores(process['cpu'])} of a core, {late} late (p99)"
    if len(verdict["generator"]) > ROWS:
        yield "more", f"{len(verdict['generator']) - ROWS} other processes"
    yield "limits", f"{words.cores(plan.cpu_limit)} of a core, {words.duration(plan.lag_limit_ms)} late (p99)"
    yield "verdict", "saturated" if verdict["saturated"] else "not the bottleneck"
    for loss in verdict.get("lost", ()):
        yield "lost", loss
    source = ", ".join(f"{name} ({words.whole(count)} viewers)" for name, count in verdict["latency_source"].items())
    yield "latency read from", source or "nothing: the stream does not say when it was captured"
    counts = ((name, verdict[name]) for name in ("connections", "redirects", "retries"))
    yield "counted", ", ".join(f"{words.whole(count)} {name}" for name, count in counts if count) or "nothing"
