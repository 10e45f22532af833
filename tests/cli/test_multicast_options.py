"""The options of `ringside multicast send`: each sets its field; what is wrong is said in one sentence naming it."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ringside.cli.app import app
from ringside.cli.multicast import OPTIONS, config_of, note_of
from ringside.core.errors import Misconfigured
from ringside.flow.relay.sender.config import Config

LEAST: dict[str, Any] = {"origin": "http://origin:8080/", "group": "239.1.1.1:5000"}


def outcome(*arguments: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["multicast", *arguments])
    return result.exit_code, " ".join((result.output + result.stderr).split())


def test_an_origin_and_a_group_are_enough() -> None:
    config = config_of(LEAST)
    assert config == Config(origin="http://origin:8080", group="239.1.1.1", port=5000)
    assert (config.ttl, config.overhead, config.symbol, config.fec) == (1, 12, 1280, "raptorq")


def test_every_option_sets_its_field() -> None:
    config = config_of(
        LEAST | {
            "track": ["v720", "a"], "feed_token": "T", "group": "232.1.1.1:5001", "source": "10.0.0.1",
            "interface": "eth1", "ttl": 4, "rate": "20M", "depth": 4096, "symbol": 1000, "fec": "rs", "overhead": 20,
            "repair": ["http://edge"], "description": Path("s.xml"),
        }
    )  # fmt: skip
    assert config == Config(
        origin="http://origin:8080", tracks=("v720", "a"), feed_token="T", group="232.1.1.1", port=5001,
        source="10.0.0.1", interface="eth1", ttl=4, rate_bps=20_000_000, depth_bytes=4096, symbol=1000, fec="rs",
        overhead=20, repair=("http://edge",), description=Path("s.xml"),
    )  # fmt: skip


def test_without_fec_there_is_no_overhead() -> None:
    assert config_of(LEAST | {"fec": "none"}).overhead == 0


@pytest.mark.parametrize(("rate", "bits"), [("20M", 20_000_000), ("800k", 800_000), ("1.5G", 1_500_000_000),
                                            ("64000", 64_000), (" 4 Mbps", 4_000_000)])  # fmt: skip
def test_a_rate_is_read_in_bits_a_second(rate: str, bits: int) -> None:
    assert config_of(LEAST | {"rate": rate}).rate_bps == bits


WRONG = [
    ({"origin": "ftp://x"}, "--origin: ftp://x must be an address such as http://origin.example:8080"),
    ({"origin": "http://x?a=b"}, "--origin: http://x?a=b must have no user, query or fragment"),
    ({"origin": "http://x:99999"}, "--origin: http://x:99999 Port out of range 0-65535"),
    ({"group": "239.1.1.1"}, "--group: 239.1.1.1 has no port; write it as 239.1.1.1:5000"),
    ({"group": "10.0.0.1:5000"}, "--group: 10.0.0.1 is no multicast address; they are 224.0.1.0 to 239.255.255.255"),
    ({"group": "224.0.0.1:5000"}, "--group: 224.0.0.1 is for routers' own use"),
    ({"group": "[ff3e::1]:5000"}, "--group: [ff3e::1] must be an IPv4 address such as 239.1.1.1"),
    ({"group": "239.1.1.1:0"}, "--group: 0 must be greater than or equal to 1"),
    ({"group": "239.1.1.1:x"}, "--group: 239.1.1.1:x has no port"),
    ({"group": "232.1.1.1:5000"}, "--group: 232.1.1.1 is joined with its source; say with --source which"),
    ({"source": "239.1.1.2"}, "--source: 239.1.1.2 is no address that a sender can have"),
    ({"source": "here"}, "--source: here must be an IPv4 address"),
    ({"interface": ""}, "--interface:  must have at least 1 character"),
    ({"ttl": 256}, "--ttl: 256 must be less than or equal to 255"),
    ({"rate": "fast"}, "--rate: 'fast' is no rate; write it as 20M or 800k, bits a second"),
    ({"rate": "1k"}, "--rate: 1000 must be greater than or equal to 64000"),
    ({"depth": 10}, "--depth: 10 must be greater than or equal to 2048"),
    ({"symbol": 1281}, "--symbol: 1281 must be a multiple of 8"),
    ({"symbol": 9000}, "--symbol: 9000 must be less than or equal to 1408"),
    ({"fec": "xor"}, "--fec: xor must be 'raptorq', 'rs' or 'none'"),
    ({"overhead": 101}, "--overhead: 101 must be less than or equal to 100"),
    ({"track": ["../x"]}, "--track: ../x must match pattern"),
    ({"repair": ["edge"]}, "--repair: edge must be an address"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_a_bad_option_is_named_in_a_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        config_of(LEAST | given)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("given", "told"), [
    ({"origin": "http://127.0.0.1:8080"}, True),
    ({"origin": "http://localhost:8080"}, True),
    ({"origin": "http://[::1]:8080"}, True),
    ({"origin": "http://127.0.0.1:8080", "repair": ["http://10.0.0.1:8080"]}, False),
    ({"origin": "http://127.0.0.1:8080", "interface": "127.0.0.1"}, False),
    ({"origin": "http://127.0.0.1:8080", "interface": "lo"}, False),
    ({"origin": "http://127.0.0.1:8080", "ttl": 0}, False),
    ({}, False),
])  # fmt: skip
def test_a_repair_address_that_only_this_machine_can_reach_is_told(given: dict[str, Any], told: bool) -> None:
    note = note_of(config_of(LEAST | given))
    assert ("say with --repair where they can" in note) == told


def test_what_is_wrong_is_a_sentence_on_the_terminal_and_status_2() -> None:
    status, said = outcome("send", "--origin", "http://o", "--group", "1.2.3.4:5")
    assert status == 2
    assert "ringside: --group: 1.2.3.4 is no multicast address" in said
    assert "Traceback" not in said


def test_an_option_that_must_be_there_is_named() -> None:
    status, said = outcome("send", "--origin", "http://o")
    assert status == 2
    assert "Missing option '--group'" in said


def test_the_help_names_every_option_and_has_an_example() -> None:
    status, said = outcome("send", "--help")
    assert status == 0
    for option in OPTIONS:
        assert f"--{option.replace('_', '-')}" in said
    assert "Example: ringside multicast send --origin http://origin:8080 --group 239.1.1.1:5000" in said
