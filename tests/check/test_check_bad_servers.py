"""A check of servers that misbehave: a sentence or findings, in bounded time and memory, and no judge falls over."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.check.hostile_check import SECONDS, examine
from tests.hostile import BEHAVIOURS, TLS, Hostile
from tests.hostile.pool import Meeting, Seen, cases, met, once_more_alone

AT_ONCE = 14
LIMIT_S = 90.0
ENDING_S = 30.0
MOST_GROWTH = 512 << 20

SAYS = {
    "html": "neither an HLS playlist nor a DASH manifest",
    "binary": "neither an HLS playlist nor a DASH manifest",
    "empty": "empty",
    "json": "neither an HLS playlist nor a DASH manifest",
    "stall-before-head": "no complete answer within",
    "stall-in-head": "no complete answer within",
    "stall-in-body": "no complete answer within",
    "drip": "no complete answer within",
    "continue-flood": "no complete answer within",
    "length-too-long": "ended before it should",
    "length-too-short": "not proper HTTP",
    "length-negative": "not proper HTTP",
    "length-twice": "not proper HTTP",
    "length-enormous": "not proper HTTP",
    "length-and-chunked": "not proper HTTP",
    "chunk-size-bad": "not proper HTTP",
    "chunk-size-enormous": "not proper HTTP",
    "chunk-cut": "ended before it should",
    "close-at-once": "closed without an answer",
    "close-in-body": "ended before it should",
    "redirect-circle": "redirects in a circle",
    "redirect-for-ever": "redirects more than",
    "redirect-to-file": "not HTTP",
    "redirect-to-a-closed-port": "refused",
    "gzip-cut": "cut short",
    "gzip-not": "gzip",
    "gzip-bomb": "decodes to more than",
    "encoding-unknown": "was not asked for",
    "playlist-of-1-gb": "longer than",
    "chunks-endless": "longer than",
    "endless-head": "not proper HTTP",
    "head-of-1-mb": "not proper HTTP",
    "garbage": "not proper HTTP",
    "ssh": "not proper HTTP",
    "status-404": "404",
    "status-429": "429",
    "status-503": "503",
    "tls-garbage": "TLS",
    "tls-expired": "certificate",
    "tls-self-signed": "certificate",
    "mpd-html": "neither an HLS playlist nor a DASH manifest",
}
FINDS = {
    "mpd-cut": "dash.mpd-readable",
    "mpd-entity-bomb": "dash.mpd-readable",
    "mpd-external-entity": "dash.mpd-readable",
    "mpd-empty": "dash.periods",
    "mpd-no-period": "dash.periods",
    "mpd-duration-zero": "dash.segment-duration",
    "mpd-timeline-zero": "dash.timeline-overlap",
    "target-zero": "hls.extinf-within-target",
    "duration-nan": "hls.readable-tags",
    "only-a-header": "hls.target-duration",
    "backwards": "hls.only-appended",
    "uri-file": "hls.uri-resolves",
    "cyclic": "http.manifest-is-there",
}
VIA_FINDS = {
    ("status-404", "via-segment"): "http.listed-is-there",
    ("status-503", "via-part"): "http.listed-is-there",
    ("close-in-body", "via-segment"): "http.complete-answers",
    ("gzip-bomb", "via-segment"): "http.complete-answers",
    ("redirect-circle", "via-header"): "http.complete-answers",
    ("html", "via-segment"): "http.media-type",
    ("close-in-body", "via-segment-dash"): "http.complete-answers",
}


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with Hostile() as running:
        yield running


@pytest.fixture(scope="module")
def examining(hostile: Hostile, request: pytest.FixtureRequest) -> Iterator[Meeting]:
    """What a check of a behaviour came to."""
    told = {(name, via): (hostile.at(name, via),) for name, via in cases(request)}
    with met(AT_ONCE, examine, told, LIMIT_S + len(told)) as meeting:
        yield meeting


def bounded(seen: Seen) -> None:
    """It ended, in little memory; there is a sentence or a verdict; no judge failed."""
    assert seen["took_s"] < SECONDS + ENDING_S
    assert seen["grew_bytes"] < MOST_GROWTH
    assert seen["fault"] or not seen["failed"]


@pytest.mark.parametrize("name", [*BEHAVIOURS, *TLS, "tls-expired", "tls-self-signed"])
@once_more_alone
def test_nothing_hangs_grows_or_falls_over(examining: Meeting, name: str) -> None:
    bounded(examining(name))


@pytest.mark.parametrize("name", SAYS)
@once_more_alone
def test_what_cannot_be_watched_is_said_in_a_sentence_that_names_the_url(
    examining: Meeting, hostile: Hostile, name: str
) -> None:
    fault = examining(name)["fault"]
    assert SAYS[name] in fault
    assert hostile.at(name) in fault
    assert "\n" not in fault


@pytest.mark.parametrize("name", FINDS)
@once_more_alone
def test_what_can_be_watched_but_is_wrong_is_a_finding(examining: Meeting, name: str) -> None:
    assert FINDS[name] in {finding["rule"] for finding in examining(name)["findings"]}


@pytest.mark.parametrize(("name", "via"), VIA_FINDS)
@once_more_alone
def test_media_that_cannot_be_had_is_a_finding(examining: Meeting, name: str, via: str) -> None:
    seen = examining(name, via)
    bounded(seen)
    assert VIA_FINDS[name, via] in {finding["rule"] for finding in seen["findings"]}


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "ringside", "check", *arguments, "--seconds", "1"]
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60, "stdin": subprocess.DEVNULL}
    done = subprocess.run(command, env={**os.environ, "COLUMNS": "200", **environment}, check=False, **options)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("behaviour", ["html", "gzip-bomb", "garbage", "mpd-entity-bomb", "redirect-circle"])
def test_the_command_line_ends_with_status_1_and_no_traceback(hostile: Hostile, behaviour: str) -> None:
    status, text = run(hostile.at(behaviour))
    assert status == 1
    assert "Traceback" not in text


def test_an_expired_certificate_is_called_expired_by_whoever_trusts_its_maker(hostile: Hostile, tmp_path: Path) -> None:
    url = hostile.at("tls-expired")
    trusted = tmp_path / "trusted.pem"
    host, port = url.split("/")[2].split(":")
    trusted.write_text(ssl.get_server_certificate((host, int(port))))
    status, text = run(url, SSL_CERT_FILE=str(trusted))
    assert status == 1
    assert "expired" in text
