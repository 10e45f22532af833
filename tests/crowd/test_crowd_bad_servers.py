"""A crowd before servers that misbehave: every viewer counts what it met as what it is, and nothing hangs or grows."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.crowd.hostile_crowd import SECONDS, VIEWERS, watch
from tests.hostile import BEHAVIOURS, TLS, VIA, Hostile
from tests.hostile.pool import Meeting, Seen, cases, met, once_more_alone

from ringside.prove.crowd.player.base import Failure

AT_ONCE = 10
LIMIT_S = 60.0
ENDING_S = 4.0
MOST_GROWTH = 96 << 20
MOST_REQUESTS = int(VIEWERS * SECONDS * 40)
AS_STOCK = {"ll-backwards"}
"""hls.js takes any change of the playlist for news and asks again at once, as long as the server does not hold it."""

UNREADABLE, TIMEOUT, SHORT, MALFORMED = Failure.UNREADABLE, Failure.TIMEOUT, Failure.SHORT, Failure.MALFORMED
RESET, REDIRECTS, CONNECT, TOO_LARGE = Failure.RESET, Failure.REDIRECTS, Failure.CONNECT, Failure.TOO_LARGE
MEANS: dict[Failure, str] = {
    UNREADABLE: """html html-as-playlist binary binary-as-playlist empty json gzip-cut gzip-not encoding-unknown
        continue-once cyclic only-a-header no-variants variant-without-a-uri not-utf-8 uri-nonsense
        mpd-html mpd-cut mpd-empty mpd-other-root mpd-entity-bomb mpd-no-period mpd-no-media""",
    TIMEOUT: """stall-before-head stall-in-status stall-in-head stall-before-body stall-in-body stall-in-chunk drip
        drip-in-head""",
    SHORT: "length-too-long chunk-cut chunk-without-an-end close-in-body",
    MALFORMED: """length-too-short length-negative length-twice length-in-words length-enormous chunk-size-bad
        chunk-size-negative chunk-size-enormous chunk-size-endless chunk-lies length-and-chunked status-unreadable
        head-of-1-mb endless-head endless-line continue-flood chunk-extension-endless trailer-endless http09 garbage
        ssh http2""",
    RESET: "close-at-once close-in-head reset-at-once",
    REDIRECTS: "redirect-circle redirect-for-ever redirect-to-file redirect-to-nonsense",
    CONNECT: "redirect-to-a-closed-port",
    TOO_LARGE: "chunks-endless playlist-of-1-gb body-until-close-of-1-gb gzip-bomb line-of-10-mb",
}
MEANT = {name: failure for failure, names in MEANS.items() for name in names.split()}
STATUSES = [name for name in BEHAVIOURS if name.startswith("status-") and name != "status-unreadable"]
OF_MEDIA = {
    "stall-in-body": TIMEOUT,
    "drip": TIMEOUT,
    "close-in-body": SHORT,
    "chunk-cut": SHORT,
    "redirect-circle": REDIRECTS,
    "endless-head": MALFORMED,
    "length-negative": MALFORMED,
    "reset-at-once": RESET,
    "html": UNREADABLE,
    "empty": UNREADABLE,
}
GOOD = ("good", "good-ll", "mpd-good", "continue-before-good")
MEDIA_VIA = ("via-segment", "via-segment-dash")
OTHER_VIA = ("via-header", "via-part", "via-header-dash")
MEDIA_CASES = [(name, via) for via in MEDIA_VIA for name in OF_MEDIA] + [
    (name, via) for via in OTHER_VIA for name in ("stall-in-body", "close-in-body", "endless-head", "html")
]
LIST_VIA = ("via-rendition", "via-audio", "via-reload")


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with Hostile() as running:
        yield running


@pytest.fixture(scope="module")
def watching(hostile: Hostile, request: pytest.FixtureRequest) -> Iterator[Meeting]:
    """What viewers of a behaviour counted."""
    told = {(name, via): (hostile.at(name, via), name not in GOOD) for name, via in cases(request)}
    with met(AT_ONCE, watch, told, LIMIT_S + 2 * len(told)) as meeting:
        yield meeting


def counted(seen: Seen) -> str:
    """All that went wrong, in the crowd's words."""
    return " | ".join([*seen["problems"], *seen["reasons"]])


def bounded(seen: Seen) -> None:
    """The run ended when it should, used little memory, and never asked in a tight circle."""
    assert seen["took_s"] < SECONDS + ENDING_S
    assert seen["grew_bytes"] < MOST_GROWTH
    assert seen["requests"] <= MOST_REQUESTS


@pytest.mark.parametrize("name", [*BEHAVIOURS, *TLS, "tls-expired", "tls-self-signed"])
@once_more_alone
def test_nothing_hangs_grows_or_circles(watching: Meeting, name: str) -> None:
    seen = watching(name)
    assert not seen["fault"]
    assert seen["arrived"] == VIEWERS
    if name in AS_STOCK:
        seen["requests"] = 0
    bounded(seen)


@pytest.mark.parametrize("name", MEANT)
@once_more_alone
def test_it_is_counted_as_what_it_is(watching: Meeting, name: str) -> None:
    seen = watching(name)
    assert MEANT[name].value in counted(seen)
    assert seen["joins"] == 0


@pytest.mark.parametrize("name", STATUSES)
@once_more_alone
def test_a_status_is_counted_under_its_number(watching: Meeting, name: str) -> None:
    seen = watching(name)
    assert set(seen["statuses"]) == {name.removeprefix("status-")}
    assert seen["joins"] == 0


@pytest.mark.parametrize("name", [*TLS, "tls-expired", "tls-self-signed"])
@once_more_alone
def test_tls_that_fails_is_called_so(watching: Meeting, name: str) -> None:
    seen = watching(name)
    expected = Failure.TIMEOUT if "stall" in name else Failure.TLS
    assert expected.value in counted(seen)
    assert seen["joins"] == 0


@pytest.mark.parametrize(("name", "via"), MEDIA_CASES)
@once_more_alone
def test_media_that_does_not_come_is_not_played(watching: Meeting, name: str, via: str) -> None:
    seen = watching(name, via)
    bounded(seen)
    assert OF_MEDIA[name].value in counted(seen)
    assert seen["joins"] == 0


@pytest.mark.parametrize("via", [*MEDIA_VIA, *OTHER_VIA])
@pytest.mark.parametrize("name", ["chunks-endless"])
@once_more_alone
def test_media_without_an_end_is_neither_played_nor_kept(watching: Meeting, name: str, via: str) -> None:
    seen = watching(name, via)
    bounded(seen)
    assert seen["joins"] == 0


@pytest.mark.parametrize("via", MEDIA_VIA)
@pytest.mark.parametrize("name", ["status-404", "status-503", "status-204"])
@once_more_alone
def test_media_refused_is_counted_by_status(watching: Meeting, name: str, via: str) -> None:
    seen = watching(name, via)
    bounded(seen)
    assert seen["statuses"][name.removeprefix("status-")] >= VIEWERS
    assert seen["joins"] == 0


@pytest.mark.parametrize("via", LIST_VIA)
@pytest.mark.parametrize("name", ["html", "gzip-bomb", "close-in-body", "redirect-circle", "endless-head", "garbage"])
@once_more_alone
def test_a_playlist_that_goes_wrong_later_is_counted(watching: Meeting, name: str, via: str) -> None:
    seen = watching(name, via)
    bounded(seen)
    assert MEANT[name].value in counted(seen)
    assert (seen["joins"] == 0) == (via != "via-reload")


@pytest.mark.parametrize("name", ["html", "status-500", "stall-before-head", "gzip-bomb", "redirect-circle", "garbage"])
@pytest.mark.parametrize("via", ["via-clock-dash"])
@once_more_alone
def test_a_clock_that_cannot_be_read_does_not_keep_anyone_from_watching(watching: Meeting, name: str, via: str) -> None:
    seen = watching(name, via)
    bounded(seen)
    assert seen["failures"] == 0


@pytest.mark.parametrize("name", GOOD)
@once_more_alone
def test_the_same_server_can_be_watched_when_it_behaves(watching: Meeting, name: str) -> None:
    seen = watching(name)
    assert seen["joins"] == VIEWERS
    assert not counted(seen)
    assert set(seen["statuses"]) == {"200"}


@pytest.mark.parametrize("via", VIA)
@pytest.mark.parametrize("name", ["good"])
@once_more_alone
def test_a_stream_by_another_way_can_be_watched_too(watching: Meeting, name: str, via: str) -> None:
    seen = watching(name, via)
    assert seen["joins"] == VIEWERS
    assert not counted(seen)


@pytest.mark.parametrize(
    "name", ["html", "gzip-bomb", "stall-before-head", "tls-expired", "mpd-entity-bomb", "garbage"]
)
def test_the_command_line_says_it_in_a_sentence(hostile: Hostile, name: str) -> None:
    command = [sys.executable, "-m", "ringside", "crowd", hostile.at(name), "-n", "3", "-d", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 1
    assert "None of 3 viewers got a picture" in done.stdout
