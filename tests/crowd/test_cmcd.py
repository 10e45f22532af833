"""CMCD as the two players send it, judged by the library that both are built with."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.prove.crowd.player.cmcd import Cmcd, Report, as_headers, encode, relative, with_query

MODULES = Path(__file__).parents[2] / "node_modules"
asks_library = pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "@svta/cml-cmcd").exists(), reason="needs node and npm's dashjs"
)
URL = "http://127.0.0.1:8080/v1/7.m4s"


def library(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the players' CMCD library makes of each case."""
    script = Path(__file__).with_name("cmcd_library.mjs")
    asked = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(
        ["node", script, MODULES], input=asked, capture_output=True, text=True, timeout=60, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def video(**more: Any) -> Report:
    known: dict[str, Any] = {
        "object": "v",
        "bitrate_bps": 2_500_400,
        "lowest_bps": 600_000,
        "top_bps": 5_000_000,
        "played_bps": 1_200_000,
        "duration_s": 0.2004,
        "buffer_s": 1.274,
        "estimate_bps": 8_260_000,
        "latency_s": 1.0501,
        "start_delay_s": 0.3,
        "started": True,
        "buffering": False,
        "low_latency": True,
        "state": "p",
    }
    return Report(**{**known, **more})


def sent(report: Report, **habits: Any) -> dict[str, str]:
    """Members of the query of one request."""
    url, headers = Cmcd(Random(1), **habits).add_to(URL, report)
    assert headers == ()
    (cmcd,) = parse_qs(urlsplit(url).query, strict_parsing=True)["CMCD"]
    members = [member.partition("=") for member in cmcd.split(",")]
    assert [key for key, _, _ in members] == sorted(key for key, _, _ in members)
    return {key: value for key, _, value in members}


def test_hls_js_says_this_of_a_part() -> None:
    members = sent(video(), cid="final")
    assert members.pop("sid").strip('"').count("-") == 4
    assert members == {
        "bl": "1300",
        "br": "2500",
        "cid": '"final"',
        "d": "200",
        "dl": "1300",
        "mtp": "8300",
        "ot": "v",
        "rtp": "12500",
        "sf": "h",
        "st": "ll",
    }


def test_dash_js_says_this_of_a_segment() -> None:
    members = sent(video(), dash=True)
    del members["sid"]
    assert members == {
        "bl": "1200",
        "br": "2500",
        "d": "200",
        "dl": "1200",
        "mtp": "7400",
        "ot": "v",
        "rtp": "2100",
        "sf": "d",
        "st": "l",
        "tb": "5000",
    }


def test_version_2_makes_lists_and_adds_its_keys() -> None:
    hls, dash = sent(video(), version=2), sent(video(), version=2, dash=True)
    assert hls["v"] == dash["v"] == "2"
    assert (hls["br"], dash["br"]) == ("(2500)", "(2500;v)")
    assert (hls["pb"], hls["tpb"], hls["sta"], hls["sn"]) == ("(1200)", "(5000)", "p", "0")
    assert (dash["ltc"], dash["msd"]) == ("1050", "300")
    assert "ltc" not in hls
    assert "msd" not in hls


def test_a_playlist_says_little() -> None:
    members = sent(Report("m", estimate_bps=500_000))
    del members["sid"]
    assert members == {"mtp": "500", "ot": "m", "sf": "h", "su": ""}


def test_a_rate_of_1_is_left_out_and_any_other_is_said() -> None:
    assert "pr" not in sent(video())
    assert sent(video(rate=1.1))["pr"] == "1.1"
    assert sent(video(rate=2.0))["pr"] == "2"


def test_the_deadline_comes_sooner_at_a_faster_rate() -> None:
    assert sent(video(rate=1.1))["dl"] == "1200"


def test_start_up_and_starvation_are_flags() -> None:
    members = sent(video(started=False, buffering=True, starved=True))
    assert members["su"] == members["bs"] == ""
    assert not {"su", "bs"} & sent(video()).keys()


def test_start_delay_is_said_once_and_requests_are_numbered() -> None:
    reporter = Cmcd(Random(1), version=2, dash=True)
    seen = [parse_qs(urlsplit(reporter.add_to(URL, video())[0]).query)["CMCD"][0] for _ in range(3)]
    assert [("msd=" in cmcd) for cmcd in seen] == [True, False, False]
    assert [f"sn={turn}" in cmcd for turn, cmcd in enumerate(seen)] == [True, True, True]


def test_each_viewer_has_a_session_of_its_own_that_its_dice_decide() -> None:
    sids = [sent_by(Cmcd(Random(seed))) for seed in (1, 1, 2)]
    assert sids[0] == sids[1] != sids[2]


def sent_by(reporter: Cmcd) -> str:
    return next(
        part
        for part in parse_qs(urlsplit(reporter.add_to(URL, video())[0]).query)["CMCD"][0].split(",")
        if "sid" in part
    )


def test_headers_leave_the_url_alone() -> None:
    url, headers = Cmcd(Random(1), headers=True, version=2).add_to(URL, video(rate=1.05, starved=True))
    assert url == URL
    shards = dict(headers)
    assert shards.keys() == {"CMCD-Object", "CMCD-Request", "CMCD-Session", "CMCD-Status"}
    assert shards["CMCD-Object"] == "br=(2500),d=200,ot=v,tpb=(5000)"
    assert shards["CMCD-Status"] == "bs,pr=1.05,rtp=12500"


def test_a_url_keeps_the_query_it_had() -> None:
    url, _ = Cmcd(Random(1)).add_to("http://h/a.m3u8?_HLS_msn=7&_HLS_part=1", Report("m"))
    assert url.startswith("http://h/a.m3u8?_HLS_msn=7&_HLS_part=1&CMCD=")
    assert url.count("CMCD=") == 1


def test_the_next_object_is_named_relative_to_this_one() -> None:
    for to, seen in (
        ("http://h/a/v/8.m4s", "8.m4s"),
        ("http://h/a/w/1.m4s?x=1", "../w/1.m4s?x=1"),
        ("http://o/8.m4s",) * 2,
    ):
        assert relative(to, "http://h/a/v/7.m4s") == seen
        assert urljoin("http://h/a/v/7.m4s", seen) == to
    assert sent(video(next_url="http://127.0.0.1:8080/v1/8 a.m4s"))["nor"] == '"8%20a.m4s"'
    assert "nor" not in sent(video(next_url=URL))
    assert "nor" not in sent(Report("m", next_url="http://127.0.0.1:8080/v1/8.m4s"))


def reports() -> Iterator[tuple[Report, dict[str, Any]]]:
    """Every kind of request in every state, in both players' manner and both versions."""
    habits = product((1, 2), (False, True), (False, True))
    for version, dash, headers in habits:
        for kind, started, starved, rate in product("mivav", (False, True), (False, True), (1.0, 0.95, 1.1)):
            yield (
                video(object=kind, started=started, starved=starved, buffering=not started, rate=rate),
                {"version": version, "dash": dash, "headers": headers},
            )
        yield Report("v"), {"version": version, "dash": dash, "headers": headers}


@asks_library
def test_the_players_library_finds_no_fault_with_any_report() -> None:
    cases = []
    for report, habits in reports():
        url, headers = Cmcd(Random(1), cid='a "b" c', **habits).add_to(URL, report)
        check = {"headers": dict(headers)} if habits["headers"] else {"url": url}
        cases.append({"data": {}, "version": habits["version"], "url": URL, "check": check})
    for case, answer in zip(cases, library(cases), strict=True):
        assert not [issue for issue in answer["issues"] if issue["severity"] == "error"], (case, answer["issues"])


FIELDS: tuple[dict[str, Any], ...] = (
    {"ot": "m", "sf": "h", "sid": 'a\\b"c', "su": True},
    {"ot": "v", "br": 2100, "bl": 1300, "dl": 1200, "mtp": 900, "rtp": 12500, "d": 200, "sf": "d", "st": "l"},
    {"ot": "a", "br": 128, "pr": 1.1, "bs": True, "su": False, "tb": 128, "cid": "x"},
    {"ot": "av", "br": 128, "pr": 0.95, "nor": "7.m4s", "st": "ll", "sta": "p", "sn": 4, "tpb": 600.4, "lb": 128.123},
    {"ot": "v", "nor": "a b/(c)'!*~é.m4s?d=1&e=ü", "ltc": 1500, "msd": 700, "pb": 2500},
)


@asks_library
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("track", ["", "v"])
def test_fields_are_written_as_the_players_library_writes_them(version: int, track: str) -> None:
    listed = {"bl", "br", "lb", "mtp", "pb", "tb", "tpb"}
    cases = []
    for fields in FIELDS:
        fields = {key: value for key, value in fields.items() if key != "nor" or version == 1 or value.isascii()}
        data = {
            key: [[value, track]] if key in listed else [[value, ""]] if key == "nor" else value
            for key, value in fields.items()
        }
        cases.append({"data": data, "version": version, "url": URL, "fields": fields})
    for case, theirs in zip(cases, library(cases), strict=True):
        members = encode(case["fields"], version, track)
        assert ",".join(members.values()) == theirs["query"]
        assert dict(as_headers(members)) == theirs["headers"]


@pytest.mark.parametrize("absurd", [float("inf"), float("nan"), 1e300])
@pytest.mark.parametrize("dash", [False, True])
def test_what_is_no_sensible_number_is_left_out(absurd: float, dash: bool) -> None:
    report = video(bitrate_bps=absurd, buffer_s=absurd, duration_s=absurd, estimate_bps=absurd, top_bps=absurd)
    members = sent(report, dash=dash, version=2)
    assert not members.keys() & {"br", "bl", "dl", "d", "mtp", "rtp", "tb", "tpb"}
    assert {"ot", "sid", "v"} <= members.keys()


def test_nothing_that_a_playlist_says_can_break_a_header() -> None:
    for next_url in ("http://127.0.0.1:8080/v1/8\x0bX: y.m4s", "http://127.0.0.1:8080/v1/ü.m4s"):
        for version in (1, 2):
            _, headers = Cmcd(Random(1), headers=True, version=version).add_to(URL, video(next_url=next_url))
            assert all(value.isascii() and value.isprintable() for _, value in headers)


@given(st.text(max_size=30))
def test_whatever_is_said_comes_out_of_the_query_as_it_went_in(text: str) -> None:
    url = with_query("http://h/a?b=1", text)
    assert parse_qs(urlsplit(url).query, keep_blank_values=True).get("CMCD", [""]) == [
        text.encode("utf-8", "replace").decode()
    ]


@given(
    buffer_s=st.floats(0, 1e4),
    estimate_bps=st.floats(0, 1e11),
    duration_s=st.floats(0, 100),
    rate=st.sampled_from([0.0, 0.5, 0.95, 1.0, 1.1, 2.0]),
    dash=st.booleans(),
    version=st.sampled_from([1, 2]),
)
def test_any_state_of_a_player_can_be_reported(
    buffer_s: float, estimate_bps: float, duration_s: float, rate: float, dash: bool, version: int
) -> None:
    report = video(buffer_s=buffer_s, estimate_bps=estimate_bps, duration_s=duration_s, rate=rate)
    members = sent(report, dash=dash, version=version)
    for key in ("bl", "dl", "mtp", "rtp"):
        assert int(members[key].strip("();v")) % 100 == 0
