"""Where a restream goes: what a URL says, what is refused, and that no key is ever shown."""

import pytest

from ringside.cli import event
from ringside.core.errors import Misconfigured
from ringside.flow.relay.restream.config import Config
from ringside.flow.relay.restream.target import parse


def test_the_last_part_of_an_rtmp_path_is_the_key_and_is_not_shown() -> None:
    target = parse("rtmp://live.example/app/instance/s3cret?bandwidthtest=true")
    assert (target.host, target.port, target.app) == ("live.example", 1935, "app/instance")
    assert target.key == "s3cret?bandwidthtest=true"
    assert target.name == "rtmp://live.example/app/instance"
    assert target.url == "rtmp://live.example:1935/app/instance"
    assert "s3cret" not in repr(target)


def test_a_key_given_apart_leaves_the_path_to_the_application() -> None:
    target = parse("rtmps://live.example:4430/live2", key="s3cret")
    assert (target.kind, target.port, target.app, target.key) == ("rtmps", 4430, "live2", "s3cret")
    assert target.name == "rtmps://live.example:4430/live2"


def test_srt_takes_its_options_from_the_query_and_shows_none() -> None:
    target = parse("srt://[2001:db8::1]:9000?streamid=s3cret&passphrase=correct-horse&latency=400")
    assert (target.host, target.port, target.name) == ("2001:db8::1", 9000, "srt://[2001:db8::1]:9000")
    assert (target.options.stream_id, target.options.passphrase, target.options.latency_ms) == (
        "s3cret", "correct-horse", 400
    )  # fmt: skip
    assert parse("srt://h:1", passphrase="correct-horse").options.passphrase == "correct-horse"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://live.example/x", "not an address that can be sent to"),
        ("live.example/s3cret", "not an address that can be sent to"),
        ("rtmp:///live/s3cret", "not an address that can be sent to"),
        ("rtmp://live.example:99999/live/s3cret", "the address or port is not valid"),
        ("rtmp://live.example/s3cret", "the application or the stream key is missing"),
        ("rtmp://live.example/live/", "the application or the stream key is missing"),
        ("rtmp://me:s3cret@live.example/live/x", "a user or password"),
        ("srt://live.example?streamid=s3cret", "the port is missing"),
        ("srt://live.example:9000?stream=s3cret", "there is no option stream"),
        ("srt://live.example:9000?mode=listener&streamid=s3cret", "it calls the far end"),
        ("srt://live.example:9000?passphrase=s3cret", "a passphrase of SRT has 10 to 79 bytes"),
        ("srt://live.example:9000?latency=soon&streamid=s3cret", "latency is 0 to 30000 milliseconds"),
    ],
)
def test_what_cannot_be_sent_to_is_refused_in_a_sentence_without_the_key(url: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said) as refused:
        parse(url)
    assert "s3cret" not in str(refused.value)


def test_an_event_file_names_the_services() -> None:
    found = event.parse({"restream": [{"url": "rtmp://live.example/live", "key": "s3cret", "track": "v720"}]})
    assert found.restream == (Config(url="rtmp://live.example/live", key="s3cret", track="v720"),)


def test_a_wrong_service_of_an_event_file_is_refused_by_its_path_without_its_key() -> None:
    with pytest.raises(Misconfigured, match=r"final.toml: restream.1: rtmp://live.example: the application") as refused:
        event.parse({"restream": [{"url": "srt://h:1"}, {"url": "rtmp://live.example/s3cret"}]}, "final.toml")
    assert "s3cret" not in str(refused.value)
