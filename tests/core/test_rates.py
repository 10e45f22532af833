"""How fast totals rise, from one report to the next."""

from ringside.core.telemetry import Rates

S = 10**9


def test_a_rate_is_what_rose_since_the_report_before() -> None:
    rates = Rates()
    rates.take(7 * S, bytes=100, cpu_s=1.5)
    assert rates.take(9 * S, bytes=400, cpu_s=2.5) == {"bytes": 150, "cpu_s": 0.5}
    assert rates.take(10 * S, bytes=400, cpu_s=2.75) == {"bytes": 0, "cpu_s": 0.25}


def test_the_first_report_of_a_total_has_no_rate() -> None:
    rates = Rates()
    assert rates.take(7 * S, bytes=100) == {"bytes": 0}
    assert rates.take(8 * S, bytes=150, frames=9) == {"bytes": 50, "frames": 0}


def test_a_count_that_began_anew_did_not_fall() -> None:
    rates = Rates()
    rates.take(7 * S, bytes=100)
    assert rates.take(8 * S, bytes=10) == {"bytes": 0}
    assert rates.take(9 * S, bytes=30) == {"bytes": 20}


def test_while_no_time_has_passed_nothing_is_divided_by_it() -> None:
    rates = Rates()
    rates.take(7 * S, bytes=100)
    assert rates.take(7 * S, bytes=200) == {"bytes": 0}
