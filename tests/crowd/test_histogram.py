"""The histogram: within one per cent, mergeable, and clean when empty."""

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.prove.crowd.tally.histogram import QUANTILES, Histogram

durations = st.floats(min_value=0, max_value=1e5, allow_nan=False)


def of(*values_s: float) -> Histogram:
    histogram = Histogram()
    for value_s in values_s:
        histogram.record(value_s)
    return histogram


@settings(max_examples=200, deadline=None)
@given(st.lists(durations, min_size=1, max_size=60))
def test_every_percentile_is_within_one_per_cent_of_the_true_one(values_s: list[float]) -> None:
    found = of(*values_s).percentiles()
    ordered = sorted(values_s)
    for name, q in QUANTILES.items():
        true_ms = ordered[max(1, math.ceil(q * len(ordered))) - 1] * 1e3
        assert found[name] is not None
        assert abs(found[name] - true_ms) <= max(0.002, 0.01 * true_ms)
    assert found["max"] == round(ordered[-1] * 1e3, 3)


@settings(max_examples=100, deadline=None)
@given(st.lists(durations, max_size=30), st.lists(durations, max_size=30))
def test_two_merged_are_as_one_that_saw_everything(some_s: list[float], others_s: list[float]) -> None:
    merged = of(*some_s)
    merged.merge(of(*others_s))
    assert merged.to_json() == of(*some_s, *others_s).to_json()


@settings(max_examples=100, deadline=None)
@given(st.lists(durations, max_size=30))
def test_what_is_written_as_json_reads_back_the_same(values_s: list[float]) -> None:
    text = json.dumps(of(*values_s).to_json(), allow_nan=False)
    assert Histogram.from_json(json.loads(text)).to_json() == of(*values_s).to_json()


def test_an_empty_one_has_nothing_to_say_and_says_so() -> None:
    empty = Histogram()
    assert empty.percentiles() == {"p50": None, "p95": None, "p99": None, "max": None}
    assert len(empty) == 0
    assert json.dumps(empty.to_json(), allow_nan=False)
    filled = of(1.0)
    filled.merge(empty)
    assert filled.to_json() == of(1.0).to_json()


def test_the_least_and_the_greatest_are_exact() -> None:
    histogram = of(0.1234567, 5.4321098, 0.7)
    assert (histogram.min_s, histogram.max_s) == (0.1234567, 5.4321098)


def test_a_percentile_never_lies_outside_what_was_seen() -> None:
    ms = of(3.0, 3.0, 3.0).percentiles()
    assert ms == {"p50": 3000.0, "p95": 3000.0, "p99": 3000.0, "max": 3000.0}


def test_a_negative_latency_counts_as_zero_and_shows_in_the_least() -> None:
    histogram = of(-0.05, 1.0)
    assert histogram.min_s == -0.05
    assert histogram.quantile_ms(0.5) == 0.001 or histogram.quantile_ms(0.5) == 0.0
    assert len(histogram) == 2


def test_what_is_no_number_is_ignored_and_counted() -> None:
    histogram = of(math.nan, math.inf, 2.0)
    assert (len(histogram), histogram.ignored) == (1, 2)
    assert histogram.max_s == 2.0


def test_its_size_does_not_grow_with_the_crowd() -> None:
    histogram = of(*(i * 0.001 for i in range(60_000)))
    assert len(histogram) == 60_000
    assert len(histogram.counts) < 700


def test_its_repr_is_a_status_line() -> None:
    assert repr(of(1.0, 1.0)) == "2 values, p50 1000.0 ms, p99 1000.0 ms, max 1000.0 ms"
