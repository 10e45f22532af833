"""`ringside crowd` as a person types it: what it prints, writes and answers, and how it ends."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import Beside
from typer.main import get_command
from typer.testing import CliRunner

from ringside.cli import crowd as verb
from ringside.cli.app import app
from ringside.cli.crowd import NAMES, Machines, plan_of
from ringside.core.errors import Misconfigured
from ringside.prove.crowd.machines import remote
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.report.again import command

URL = "http://127.0.0.1:9/live.m3u8"
WIDE = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}


def ringside(*arguments: str, timeout_s: float = 80) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "ringside", "crowd", *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, env=WIDE)


def whole(stream: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    files = [
        "--json",
        str(folder / "verdict.json"),
        "--ndjson",
        str(folder / "lines"),
        "--report",
        str(folder / "page"),
    ]
    return ringside(stream, "--viewers", "6", "--duration", "2", "--header", "X-Token: a", *files)


def interrupted(stream: str, folder: Path) -> tuple[int, str]:
    """Ctrl-C after the first line of figures: exit status, and what was printed after it."""
    words = ["crowd", stream, "--viewers", "3", "--duration", "600", "--json", str(folder / "interrupted.json")]
    process = subprocess.Popen([sys.executable, "-m", "ringside", *words], stdout=subprocess.PIPE, text=True, env=WIDE)
    assert process.stdout is not None
    assert any("joined 3" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=40)
    return process.returncode, rest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crowd_cli")


@pytest.fixture(scope="module")
def nights(small_hls: str, folder: Path) -> Iterator[Beside]:
    limits = ["--viewers", "2", "--duration", "1.2", "--json", "-", "--cpu-limit", "0.0001", "--seed", "99"]
    missing = small_hls.replace("master", "missing")
    beside = Beside(
        whole=lambda: whole(small_hls, folder),
        interrupted=lambda: interrupted(small_hls, folder),
        saturated=lambda: ringside(small_hls, *limits),
        missing=lambda: ringside(missing, "--viewers", "2", "--duration", "1"),
        waiting=lambda: ringside(small_hls, "--workers", "2", "--wait", "1", "--nats-listen", "127.0.0.1"),
        help=lambda: ringside("--help"),
        worker_help=lambda: ringside("worker", "--help"),
    )
    yield beside
    beside.close()


def test_a_small_crowd_from_start_to_verdict(nights: Beside, folder: Path) -> None:
    done = nights["whole"]
    assert done.returncode == 0, done.stderr
    assert "All 6 viewers had a picture within" in done.stdout
    verdict, page = (folder / "verdict.json").read_text(), (folder / "page").read_text()
    said: dict[str, Any] = json.loads(verdict)
    keys = "viewers joined failed ttff_ms stalls stall_ratio latency_ms spread_ms on_time_ratio requests statuses bytes"
    assert set(f"{keys} generator_cpu loop_lag_ms saturated seed".split()) <= set(said)
    assert (said["viewers"], said["joined"], said["failed"], said["saturated"]) == (6, 6, 0, False)
    assert f"seed {said['seed']}" in done.stdout
    assert len((folder / "lines").read_text().splitlines()) == 6
    assert "All 6 viewers had a picture" in page.replace("\xa0", " ")
    assert "X-Token" not in page + verdict


def test_ctrl_c_ends_it_early_with_a_verdict(nights: Beside, folder: Path) -> None:
    status, rest = nights["interrupted"]
    assert status == 0
    assert "All 3 viewers had a picture" in rest
    assert 4 < json.loads((folder / "interrupted.json").read_text())["lasted_s"] < 100


def test_a_saturated_generator_is_exit_status_1_and_json_on_standard_output_stands_alone(nights: Beside) -> None:
    done = nights["saturated"]
    assert done.returncode == 1
    assert json.loads(done.stdout)["saturated"] is True
    assert json.loads(done.stdout)["seed"] == 99
    assert "SATURATED: the generator was the bottleneck: process 1 used" in done.stderr


def test_nobody_getting_a_picture_is_exit_status_1(nights: Beside) -> None:
    assert nights["missing"].returncode == 1
    assert "None of 2 viewers got a picture." in nights["missing"].stdout


def test_other_machines_are_told_what_to_type_and_not_waited_for_for_ever(nights: Beside) -> None:
    done = nights["waiting"]
    assert done.returncode == 1
    assert re.search(r"ringside crowd worker --nats nats://[\w-]+@127\.0\.0\.1:\d+", done.stdout)
    assert "0 of 2 workers came within 1 s" in done.stderr


def test_help_groups_the_options_and_gives_an_example(nights: Beside) -> None:
    text = nights["help"].stdout
    for panel in ("Who comes", "How they watch", "What you get", "The generator", "More machines"):
        assert panel in text
    assert "Example:  ringside crowd http" in text
    assert "Example:  ringside crowd worker --nats" in nights["worker_help"].stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["gopher://x"], "URL"),
        ([URL, "--viewers", "0"], "--viewers"),
        ([URL, "--arrive", "stampede"], "--arrive"),
        ([URL, "--arrive", "trace=nowhere.csv"], "nowhere.csv"),
        ([URL, "--networks", "fibre=0.5"], "--networks"),
        ([URL, "--networks", "carrier-pigeon"], "carrier-pigeon"),
        ([URL, "--duration", "10", "--over", "20", "--arrive", "ramp"], "--over"),
        ([URL, "--leave", "mass"], "--leave-at"),
        ([URL, "--storm-at", "500"], "--storm-at"),
        ([URL, "--header", "no colon"], "--header"),
        ([URL, "--cmcd", "7"], "--cmcd"),
        ([URL, "--slow", "2"], "--slow"),
        ([URL, "--seed", "-4"], "--seed"),
        ([URL, "--json", "/nowhere/at/all.json"], "--json"),
        ([URL, "--report", "/"], "--report"),
        ([URL, "--nats", "nats://127.0.0.1:1"], "--workers"),
        (["worker", "--nats", "nats://127.0.0.1:1"], "--nats"),
    ],
)
def test_a_bad_argument_is_one_sentence_that_names_it(
    arguments: list[str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "CONNECT_S", 0.5)
    done = CliRunner().invoke(app, ["crowd", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.stderr.startswith("ringside: ")
    assert named in done.stderr


def test_every_field_of_a_plan_has_an_option_to_be_named_by() -> None:
    assert set(Plan.model_fields) - set(NAMES) == {"low_latency"}


def test_sentences_name_options_and_not_fields() -> None:
    for given in (
        {"duration_s": 10.0, "over_s": 20.0, "arrive": "ramp"},
        {"leave": "mass"},
        {"leave_at_s": 3.0},
        {"storm_at_s": 99.0, "duration_s": 10.0},
        {"churn_per_minute": 3.0},
    ):
        with pytest.raises(Misconfigured) as error:
            plan_of({"url": URL, **given})
        assert not re.search(r"\b[a-z]+_(s|ms|minute)\b", str(error.value)), error.value


def test_a_url_that_contains_the_name_of_a_field_is_left_as_it_is() -> None:
    with pytest.raises(Misconfigured, match="'ftp://url/viewers'"):
        plan_of({"url": "ftp://url/viewers"})


def test_without_a_seed_one_is_drawn_and_each_is_another() -> None:
    seeds = {plan_of({"url": URL}).seed for _ in range(5)}
    assert len(seeds) == 5


def test_the_command_in_a_report_gives_the_same_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken apart by the real command line, up to the point where it would begin."""
    given = {
        "url": "http://127.0.0.1:9/a b'c.m3u8".replace(" ", "%20"),
        "viewers": 77,
        "arrive": "poisson",
        "over_s": 12.5,
        "duration_s": 44.0,
        "player": "shaka",
        "low_latency": False,
        "networks": "fibre=0.7,hotel=0.3",
        "slow": 0.05,
        "dvr": 0.1,
        "dvr_s": 30.0,
        "leave": "mass",
        "leave_at_s": 40.0,
        "leave_over_s": 3.0,
        "churn_per_minute": 0.2,
        "storm_at_s": 20.0,
        "storm_share": 0.5,
        "cmcd": 2,
        "cmcd_by": "header",
        "insecure": True,
        "seed": 5,
        "processes": 3,
        "lag_limit_ms": 20.0,
        "cpu_limit": 0.5,
    }
    plan = plan_of(given)
    seen: list[Plan] = []

    def instead(given: dict[str, Any], files: verb.Files, machines: Machines) -> int:
        seen.append(plan_of(given))
        return 0

    monkeypatch.setattr(verb, "run", instead)
    result = CliRunner().invoke(app, shlex.split(command(plan))[1:])
    assert result.exit_code == 0, result.output
    assert seen == [plan]


@pytest.mark.parametrize(
    ("option", "field"),
    [
        ("--viewers", "viewers"),
        ("--duration", "duration_s"),
        ("--leave-over", "leave_over_s"),
        ("--dvr-s", "dvr_s"),
        ("--storm-share", "storm_share"),
        ("--processes", "processes"),
        ("--lag-limit", "lag_limit_ms"),
        ("--cpu-limit", "cpu_limit"),
    ],
)
def test_help_gives_the_defaults_that_a_plan_has(option: str, field: str) -> None:
    (parameter,) = [p for p in get_command(app).commands["crowd"].params if option in p.opts]  # type: ignore[attr-defined]
    assert f"(default {Plan.model_fields[field].default:g})" in parameter.help
