"""The options of `ringside edge`: what is wrong is said in one sentence naming it, with exit status 2."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringside.cli.app import app
from ringside.cli.edge import Wishes, bytes_of, load, settled
from ringside.core.errors import Misconfigured

EXAMPLE = Path(__file__).parents[2] / "examples" / "edge.toml"
ORIGIN = "http://origin.example:8080"


def outcome(*arguments: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["edge", *arguments])
    return result.exit_code, result.output + result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--origin is missing"),
        (["--origin", "ftp://x"], "--origin: must be an address"),
        (["--origin", "http://x?a=b"], "--origin: must have no user, query or fragment"),
        (["--origin", "http://x:99999"], "--origin: Port out of range"),
        (["--origin", "http://127.0.0.1:8080"], "is this edge itself"),
        (["--origin", ORIGIN, "--memory", "12Q"], "--memory: '12Q' is no size"),
        (["--origin", ORIGIN, "--memory", "1M"], "--memory: 1M is too little"),
        (["--origin", ORIGIN, "--ignore-query", "a=b"], "--ignore-query: 'a=b' is no name"),
        (["--origin", ORIGIN, "--tls", "none.pem", "none.key"], "--tls: none.pem cannot be read"),
        (["--origin", ORIGIN, "--event", "none.toml"], "none.toml: there is no such event file"),
        (["--origin", ORIGIN, "--host", "192.0.2.1"], "port 8080 on 192.0.2.1 cannot be opened"),
        (["--origin", ORIGIN, "--workers", "0"], "--workers"),
        (["--origin", ORIGIN, "--port", "70000"], "--port"),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_named_in_a_sentence(arguments: list[str], sentence: str) -> None:
    status, said = outcome(*arguments)
    assert status == 2
    assert sentence in " ".join(said.split())
    assert "Traceback" not in said


def test_a_file_that_is_no_certificate_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    path.write_text("no certificate")
    status, said = outcome("--origin", ORIGIN, "--tls", str(path), str(path))
    assert status == 2
    assert "is not in PEM form" in said


def test_a_wrong_field_of_a_file_is_named_as_the_file_has_it(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text('[fill]\norigin = "ftp://x"\n')
    status, said = outcome("--event", str(path))
    assert status == 2
    assert f"{path.name}: fill.origin: must be an address" in " ".join(said.split())


def test_a_port_that_another_program_has_is_said_to_be_its() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for more in ([], ["--takeover"]):
            status, said = outcome("--origin", ORIGIN, "--host", "127.0.0.1", "--port", str(port), *more)
            assert status == 2
            assert f"port {port} on 127.0.0.1 is taken by" in said
            assert "choose another with --port" in said


def test_help_has_an_example() -> None:
    status, said = outcome("--help")
    assert status == 0
    assert "Example:  ringside edge --origin" in said
    for option in ("--pull", "--memory", "--ignore-query", "--feed-token", "--takeover", "--tls", "--workers"):
        assert option in said


@pytest.mark.parametrize(
    ("size", "size_bytes"),
    [("16M", 2**24), ("1G", 2**30), ("1.5g", 3 * 2**29), ("2GiB", 2**31), ("20000000", 20_000_000)],
)
def test_sizes_are_read_as_people_write_them(size: str, size_bytes: int) -> None:
    assert bytes_of(size) == size_bytes


def test_what_is_ignored_in_queries_is_the_same_for_filler_and_workers() -> None:
    event = settled(load(None, {"fill": {"origin": ORIGIN + "/"}}), Wishes(ignore_query=["session"]))
    assert event.fill is not None
    assert event.fill.ignored_query == event.edge.ignored_query
    assert {"session", "CMCD", "token"} <= set(event.edge.ignored_query)
    assert event.fill.origin == ORIGIN
    assert event.edge.cache


def test_an_edge_s_event_file_needs_an_origin() -> None:
    with pytest.raises(Misconfigured, match="--origin is missing"):
        settled(load(None, {}), Wishes())


def test_the_example_of_an_edge_shows_the_defaults() -> None:
    event = load(EXAMPLE, {})
    assert event.fill is not None
    defaults = load(None, {"fill": {"origin": event.fill.origin}})
    assert event == defaults
