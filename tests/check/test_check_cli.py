"""`ringside check` as a person calls it: what is printed, what is written, how it ends."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hostile import Hostile


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with Hostile() as running:
        yield running


def ringside(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ringside", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_findings_are_printed_and_written_and_the_status_is_one(hostile: Hostile, tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    done = ringside(hostile.at("backwards"), "--seconds", "2", "--json", str(file))
    document = json.loads(file.read_text())
    assert done.returncode == 1
    assert document["must"] >= 1
    assert "hls.media-sequence-back" in {finding["rule"] for finding in document["findings"]}
    assert f"HLS: {document['must']} MUST, {document['should']} SHOULD" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr


def test_the_document_alone_goes_to_standard_output_if_asked(hostile: Hostile) -> None:
    done = ringside(hostile.at("good"), "--seconds", "1", "--json", "-", "--header", "X-Token: abc")
    assert json.loads(done.stdout)["url"] == hostile.at("good")


def test_a_url_that_is_no_stream_is_one_sentence(hostile: Hostile) -> None:
    done = ringside(hostile.at("html"))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "neither an HLS playlist nor a DASH manifest" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ftp://x"], "URL 'ftp://x' is not an http:// or https:// address"),
        ([], "give the URL"),
        (["http://127.0.0.1:9/", "--seconds", "0"], "--seconds 0"),
        (["http://127.0.0.1:9/", "--header", "nonsense"], "--header 'nonsense'"),
        (["http://127.0.0.1:9/", "--json", "/nowhere/at/all.json"], "--json /nowhere/at/all.json"),
    ],
)
def test_bad_arguments_are_one_sentence_and_status_two(arguments: list[str], says: str) -> None:
    done = ringside(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_told_otherwise(hostile: Hostile) -> None:
    url = hostile.at("tls-self-signed")
    refused = ringside(url, "--seconds", "1")
    assert refused.returncode == 1
    assert "certificate" in refused.stderr
    taken = ringside(url, "--seconds", "1", "--insecure", "--json", "-")
    assert json.loads(taken.stdout)["kind"] == "hls"


def test_the_rules_can_be_listed_without_a_stream() -> None:
    done = ringside("--rules")
    assert done.returncode == 0
    assert "ll-hls.holds  MUST  rfc8216bis §6.2.5.2" in done.stdout
