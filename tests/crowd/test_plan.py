"""The plan: travels as JSON, and refuses in one sentence that begins with the option at fault."""

import json
from typing import Any

import pytest

from ringside.core.errors import Misconfigured
from ringside.prove.crowd.plan import Plan

URL = "http://127.0.0.1:8080/live/main/index.m3u8"
CURVE = ((0.0, 10.0), (30.0, 200.0), (60.0, 0.0))


def refusal(**options: Any) -> str:
    with pytest.raises(Misconfigured) as caught:
        Plan(**{"url": URL, **options})
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_a_url_alone_is_a_plan() -> None:
    plan = Plan(url=URL)
    assert (plan.viewers, plan.arrive, plan.networks, plan.seed) == (100, "flash", {"lan": 1.0}, 1)


def test_a_plan_travels_as_json_and_comes_out_the_same() -> None:
    plan = Plan(
        url=URL, player="shaka", low_latency=False, viewers=5000, arrive="trace", trace=CURVE, duration_s=120,
        networks={"fibre": 0.7, "3mbps@80ms": 0.3}, slow=0.01, dvr=0.05, dvr_s=90, leave="mass", leave_at_s=100,
        churn_per_minute=0.1, storm_at_s=50, storm_share=0.5, headers=("Authorization: Bearer x",), query="t=1&u=%20",
        cmcd=2, cmcd_by="header", insecure=True, seed=9, processes=4,
    )  # fmt: skip
    assert Plan.from_json(json.loads(json.dumps(plan.to_json(), allow_nan=False))) == plan


def test_a_plan_from_another_machine_is_checked_as_well() -> None:
    with pytest.raises(Misconfigured, match=r"^slow: "):
        Plan.from_json({"url": URL, "slow": 2})


def test_a_plan_does_not_change() -> None:
    with pytest.raises(ValueError):
        Plan(url=URL).viewers = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    "url",
    ["", "stream", "ftp://host/a.m3u8", "http://", "http:///a.m3u8", "http://h:99999/", "http://h:0/", "http://[::1/",
     "http://h/a b", "http://h/\r\nHost: x", "file:///etc/passwd", "//host/a"],
)  # fmt: skip
def test_what_is_no_http_url_is_refused(url: str) -> None:
    assert refusal(url=url).startswith("url: ")


@pytest.mark.parametrize("url", [URL, "https://[::1]:8443/x?token=1", "HTTP://EXAMPLE/", "http://user@h/a.mpd"])
def test_http_urls_are_taken(url: str) -> None:
    assert Plan(url=url).url == url


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("viewers", 0), ("viewers", 10**9), ("viewers", "many"), ("viewers", 1.5), ("player", "vlc"), ("arrive", "all"),
        ("over_s", 0), ("over_s", -1), ("over_s", float("nan")), ("duration_s", 0), ("duration_s", float("inf")),
        ("duration_s", 1e6), ("slow", 1.01), ("slow", -0.1), ("dvr", 2), ("dvr_s", 0), ("leave", "now"),
        ("leave_at_s", -1), ("leave_over_s", -1), ("churn_per_minute", 1.2), ("storm_at_s", -3), ("storm_share", 0),
        ("storm_share", 1.1), ("cmcd", 3), ("cmcd_by", "post"), ("seed", -1), ("seed", 2**63), ("processes", 0),
        ("processes", 5000), ("lag_limit_ms", 0), ("cpu_limit", 0), ("cpu_limit", 1.5), ("headers", ("x",) * 65),
        ("query", "x" * 9000), ("nonsense", 1), ("networks", {"lan": "all"}),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_its_option(option: str, value: object) -> None:
    assert refusal(**{option: value}).startswith(option)


def test_a_missing_url_and_an_unknown_option_are_named() -> None:
    with pytest.raises(Misconfigured, match=r"^url: is missing$"):
        Plan.from_json({})
    assert refusal(veiwers=3) == "veiwers: a crowd has no such option"
    assert refusal(slow=1.5) == "slow: should be less than or equal to 1 (it is 1.5)"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"networks": {"fibr": 1.0}}, "networks: there is no network class 'fibr'"),
        ({"networks": {"fibre": 1.2, "4g": -0.2}}, "networks: the share of fibre is 1.2, not between 0 and 1"),
        ({"networks": {"fibre": 0.7, "4g": 0.2}}, "networks: the shares add up to 0.9, not 1"),
        ({"networks": {}}, "networks: the shares add up to 0, not 1"),
        ({"arrive": "flash", "over_s": 5}, "over_s: flash has a length of its own"),
        ({"arrive": "ramp", "over_s": 70}, "over_s: arrivals over 70 s do not fit duration_s of 60 s"),
        ({"leave": "mass"}, "leave_at_s: is missing: leave is mass"),
        ({"leave_at_s": 10}, "leave_at_s: is given, but leave is stay"),
        ({"leave": "mass", "leave_at_s": 60}, "leave_at_s: 60 s is not before the end"),
        ({"storm_at_s": 61}, "storm_at_s: 61 s is not before the end"),
        ({"arrive": "trace"}, "trace: arrive is trace, but there is no curve"),
        ({"trace": CURVE}, "trace: is given, but arrive is flash"),
        ({"arrive": "trace", "trace": ((0, 1), (5, 2), (4, 3))}, "trace: time goes back from 5 s to 4 s"),
        ({"arrive": "trace", "trace": ((-1, 1), (5, 2))}, "trace: time begins before 0, at -1 s"),
        ({"arrive": "trace", "trace": ((0, 1), (5, -2))}, "trace: there are -2 viewers at 5 s"),
        ({"arrive": "trace", "trace": ((0, 0), (5, 0))}, "trace: nobody is watching at any time"),
        ({"arrive": "trace", "trace": ((0, 0), (5, "x"))}, "trace.1.1: "),
        ({"arrive": "trace", "trace": ((0, 0), (5, 1, 2))}, "trace.1: "),
        ({"arrive": "trace", "trace": ((0, float("inf")),)}, "trace.0.1: "),
        ({"headers": ("no colon",)}, "headers: 'no colon' is not 'Name: value'"),
        ({"headers": ("A: b\r\nHost: evil",)}, "headers: "),
        ({"headers": (": b",)}, "headers: "),
        ({"query": "?a=1"}, "query: '?a=1' cannot stand in a URL"),
        ({"query": "a b"}, "query: "),
        ({"query": "a#b"}, "query: "),
    ],
)
def test_what_does_not_fit_together_is_refused(options: dict[str, Any], sentence: str) -> None:
    assert refusal(**options).startswith(sentence)


def test_more_comers_than_any_machine_could_hold_are_refused() -> None:
    saw = tuple((float(second), float(second % 2)) for second in range(1000))
    assert refusal(arrive="trace", trace=saw, viewers=1_000_000).startswith(
        "trace: 500000000 viewers would come and go"
    )
    churn = {"viewers": 1_000_000, "churn_per_minute": 1, "duration_s": 36_000}
    assert refusal(**churn).startswith("churn_per_minute: more than 10000000 viewers")


def test_a_trace_says_how_many_and_how_long_where_the_options_do_not() -> None:
    plan = Plan(url=URL, arrive="trace", trace=CURVE)
    assert (plan.viewers, plan.duration_s, plan.arriving_s) == (200, 60.0, 60.0)
    plan = Plan(url=URL, arrive="trace", trace=CURVE, viewers=50, duration_s=20)
    assert (plan.viewers, plan.duration_s) == (50, 20.0)


def test_arrivals_take_as_long_as_the_curve_says() -> None:
    assert Plan(url=URL).arriving_s == 1
    assert Plan(url=URL, arrive="ramp", duration_s=40).arriving_s == 20
    assert Plan(url=URL, arrive="poisson", over_s=7).arriving_s == 7
    assert Plan(url=URL, arrive="surge", over_s=9).arriving_s == 9
    assert Plan(url=URL, arrive="surge").arriving_s == pytest.approx(23.26 * 60, rel=0.001)


def test_networks_are_read_from_the_command_line() -> None:
    assert Plan.parse_networks("fibre=0.7,4g=0.2,hotel=0.1") == {"fibre": 0.7, "4g": 0.2, "hotel": 0.1}
    assert Plan.parse_networks("hotel") == {"hotel": 1.0}
    assert Plan.parse_networks(" 3mbps@80ms = 0.5 , lan=.5") == {"3mbps@80ms": 0.5, "lan": 0.5}


@pytest.mark.parametrize("text", ["", ",", "fibre=", "fibre=x", "fibre=0.5,fibre=0.5", "fibre=2", "dsl=1", "fibre=nan"])
def test_bad_networks_on_the_command_line_are_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"^networks: "):
        Plan.parse_networks(text)
