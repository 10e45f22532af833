"""Names of sources, and frame rates: what is understood and what is refused, in which words."""

from fractions import Fraction
from typing import Any

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
            "srt://0.0.0.0:9000?streamid=van&latency=400",
            Spec("srt", "srt://0.0.0.0:9000", "srt://0.0.0.0:9000?streamid=van&latency=400", "0.0.0.0", 9000,
                 options={"mode": "listener", "streamid": "van", "latency": "400", "passphrase": ""}),
        ),
        ("whip://0.0.0.0:8889/live", Spec("whip", "whip://0.0.0.0:8889/live", "whip://0.0.0.0:8889/live", "0.0.0.0",
                                          8889, "/live")),
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
        ("ftp://127.0.0.1:9000", "ftp:// is not a source"),
        ("udp://127.0.0.1", "the port is missing"),
        ("udp://127.0.0.1:99999", "the address or port is not valid"),
        ("udp://nowhere:5000", "nowhere is not an IP address"),
        ("udp://239.1.1.1:5000?buffer=3", "there is no option buffer"),
        ("udp://127.0.0.1:5000?source=10.0.0.1", "for multicast groups"),
        ("rtmp://127.0.0.1:1935", "the application is missing"),
        ("http:///a.mp4", "there is no host"),
        ("srt://127.0.0.1", "the port is missing"),
        ("srt://127.0.0.1:9000?mode=rendezvous", "mode is listener or caller"),
        ("srt://127.0.0.1:9000?latency=-1", "latency is 0 to 30000 milliseconds"),
        ("srt://127.0.0.1:9000?maxbw=1", "there is no option maxbw"),
        ("srt://127.0.0.1:9000?passphrase=short", "10 to 79 bytes"),
        ("whip://127.0.0.1:8889", "the path is missing"),
    ],
)
def test_a_name_that_makes_no_sense_is_refused_in_one_sentence(url: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as refusal:
        parse(url)
    assert url.partition("?")[0] in str(refusal.value)
    with pytest.raises(ValidationError):
        Config(url=url)


def test_a_missing_file_is_refused_when_it_is_opened() -> None:
    with pytest.raises(NotPlayable, match=r"absent\.mp4: there is no such file"):
        open_source(Config(url="absent.mp4"), Config(), Wall())


def test_the_test_card_takes_the_configured_size_and_rate() -> None:
    source = open_source(Config(), Config(width=640, height=360, fps=29.97), Wall())
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


def test_the_inputs_of_an_event_come_in_order_and_each_has_a_name() -> None:
    config = Config(
        url="rtmp://0.0.0.0:1935/live", backup=[{"url": "a.mp4", "loop": True}, {"url": "-", "name": "van"}]
    )
    assert [(one.name, one.url) for one in config.inputs] == [
        ("main", "rtmp://0.0.0.0:1935/live"), ("backup-1", "a.mp4"), ("van", "-"),
    ]  # fmt: skip
    assert config.with_inputs(config.inputs[1:]).inputs[0] == config.inputs[1]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"backup": [{"name": "main"}]}, "two inputs are called main"),
        ({"name": "auto"}, "auto is a word of the operator's"),
        ({"name": "a b"}, "name"),
        ({"url": "-", "backup": [{"url": "-"}]}, "two inputs want standard input"),
        (
            {"url": "rtmp://0.0.0.0:1935/live/a", "backup": [{"url": "rtmp://0.0.0.0:1935/live/b"}]},
            r"two inputs want port 1935 \(TCP\)",
        ),
        ({"backup": [{"url": "ftp://x"}]}, "ftp:// is not a source"),
        ({"backup": [{}] * 8}, "at most 7 items"),
        ({"watch": {"black_s": -1}}, "black_s"),
        ({"backup": [{"fps": 30}]}, "fps"),
    ],
)
def test_inputs_that_cannot_stand_beside_one_another_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Config.model_validate(values)


def test_a_passphrase_in_a_url_is_never_repeated() -> None:
    assert "horse" not in parse("srt://0.0.0.0:9000?passphrase=horse-battery").name
    with pytest.raises(Misconfigured) as refusal:
        parse("srt://0.0.0.0:9000?passphrase=horse-battery&latency=x")
    assert "horse" not in str(refusal.value)


def test_a_film_that_stands_in_begins_again_unless_told_otherwise() -> None:
    config = Config.model_validate({"url": "a.mp4", "backup": [{"url": "b.mp4"}, {"url": "c.mp4", "loop": False}]})
    assert [one.loop for one in config.inputs] == [False, True, False]
    assert Config.model_validate(config.model_dump(mode="json")).inputs == config.inputs
