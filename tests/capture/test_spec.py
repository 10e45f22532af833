"""Names of sources, and frame rates: what is understood and what is refused, in which words."""

from fractions import Fraction

import pytest
from pydantic import ValidationError

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.flow.capture import Config, choose_fps
from ringside.flow.capture.open import open_source
from ringside.flow.capture.source import NotPlayable
from ringside.flow.capture.spec import Spec, parse


@pytest.mark.parametrize(
    ("url", "spec"),
    [
        ("testcard", Spec("testcard", "test card", "testcard")),
        ("-", Spec("mpegts", "standard input", "-")),
        ("clips/a b.mp4", Spec("file", "clips/a b.mp4", "clips/a b.mp4")),
        ("udp://127.0.0.1:5000", Spec("mpegts", "udp://127.0.0.1:5000", "udp://127.0.0.1:5000", "127.0.0.1", 5000)),
        ("udp://@:5000", Spec("mpegts", "udp://@:5000", "udp://@:5000", "0.0.0.0", 5000)),
        (
            "udp://232.1.1.1:5000?interface=127.0.0.1&source=10.0.0.1",
            Spec("mpegts", "udp://232.1.1.1:5000", "udp://232.1.1.1:5000?interface=127.0.0.1&source=10.0.0.1",
                 "232.1.1.1", 5000, interface="127.0.0.1", sender="10.0.0.1"),
        ),
        (
            "rtmp://0.0.0.0:1936/live/secret",
            Spec("rtmp", "rtmp://0.0.0.0:1936/live", "rtmp://0.0.0.0:1936/live/secret", "0.0.0.0", 1936, "live",
                 "secret"),
        ),
        (
            "https://user:pw@example.org/a.mp4?token=1",
            Spec("file", "https://example.org/a.mp4", "https://user:pw@example.org/a.mp4?token=1", "example.org"),
        ),
    ],
)  # fmt: skip
def test_a_source_is_known_by_its_name(url: str, spec: Spec) -> None:
    assert parse(url) == spec
    assert Config(url=url).url == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("srt://127.0.0.1:9000", "srt:// is not a source"),
        ("udp://127.0.0.1", "the port is missing"),
        ("udp://127.0.0.1:99999", "the address or port is not valid"),
        ("udp://nowhere:5000", "nowhere is not an IP address"),
        ("udp://239.1.1.1:5000?buffer=3", "there is no option buffer"),
        ("udp://127.0.0.1:5000?source=10.0.0.1", "for multicast groups"),
        ("rtmp://127.0.0.1:1935", "the application is missing"),
        ("http:///a.mp4", "there is no host"),
    ],
)
def test_a_name_that_makes_no_sense_is_refused_in_one_sentence(url: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as refusal:
        parse(url)
    assert url in str(refusal.value)
    with pytest.raises(ValidationError):
        Config(url=url)


def test_a_missing_file_is_refused_when_it_is_opened() -> None:
    with pytest.raises(NotPlayable, match=r"absent\.mp4: there is no such file"):
        open_source(Config(url="absent.mp4"), Wall())


def test_the_test_card_takes_the_configured_size_and_rate() -> None:
    source = open_source(Config(width=640, height=360, fps=29.97), Wall())
    assert (source.kind, source.delay_ns) == ("testcard", 0)
    assert (source.info.width, source.info.height, source.info.fps) == (640, 360, Fraction(30_000, 1001))


@pytest.mark.parametrize(
    ("source", "event"),
    [
        ("15", "30"), ("12", "24"), ("10", "30"), ("24000/1001", "24000/1001"), ("24", "24"), ("25", "25"),
        ("30000/1001", "30000/1001"), ("30", "30"), ("50", "50"), ("60000/1001", "60000/1001"), ("60", "60"),
        ("100", "50"), ("120", "60"), ("120000/1001", "60000/1001"), ("240", "60"), ("90", "30"), ("144", "60"),
        ("7", "30"), ("1", "30"), ("273/10", "30"), ("2998/100", "30000/1001"), ("14985/1000", "30000/1001"),
        ("1000", "60"),
    ],
)  # fmt: skip
def test_an_events_rate_follows_its_sources(source: str, event: str) -> None:
    assert choose_fps(Fraction(source)) == Fraction(event)


def test_an_unknown_rate_is_thirty() -> None:
    assert choose_fps(None) == choose_fps(Fraction(0)) == 30
