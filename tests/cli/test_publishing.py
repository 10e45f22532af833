"""What people who publish are told, and the keys that are made up for them."""

import pytest

from ringside.cli.publishing import prepare
from ringside.flow.capture import Config
from ringside.flow.capture.spec import parse


def test_every_input_that_is_pushed_to_has_an_address_and_a_key() -> None:
    wanted = Config.model_validate(
        {
            "url": "rtmp://10.1.2.3:1935/live",
            "backup": [
                {"url": "srt://10.1.2.3:9000?latency=300", "name": "van"},
                {"url": "whip://10.1.2.3:8889/whip"},
                {"url": "film.mp4"},
            ],
        }
    )
    config, lines = prepare(wanted)
    main, van, whip, film = config.inputs
    assert main.key
    assert whip.token
    assert parse(van.url).options["latency"] == "300"
    assert lines == [
        f"rtmp://10.1.2.3:1935/live/{main.key}   (main)",
        f"srt://10.1.2.3:9000?streamid={parse(van.url).options['streamid']}   (van)",
        f"http://10.1.2.3:8889/whip   token {whip.token}   (backup-2)",
    ]
    assert film == wanted.inputs[3]
    assert film.loop
    assert config.backup[0].name == "van"


def test_keys_that_were_given_stay() -> None:
    config, lines = prepare(Config(url="rtmp://10.1.2.3:1935/live/mine"))
    assert (config.key, lines) == ("mine", ["rtmp://10.1.2.3:1935/live/mine"])
    config, lines = prepare(Config(url="whip://10.1.2.3:8889/whip", token="mine"))
    assert (config.token, lines) == ("mine", ["http://10.1.2.3:8889/whip   token mine"])


@pytest.mark.parametrize(
    ("url", "passphrase", "line"),
    [
        ("srt://10.1.2.3:9000?streamid=cam", "", "srt://10.1.2.3:9000?streamid=cam"),
        ("srt://10.1.2.3:9000", "correct horse", "srt://10.1.2.3:9000   with the passphrase"),
    ],
)
def test_of_srt_a_passphrase_is_not_repeated(url: str, passphrase: str, line: str) -> None:
    config, lines = prepare(Config(url=url, passphrase=passphrase))
    assert (config.url, lines) == (url, [line])


@pytest.mark.parametrize("url", ["testcard", "film.mp4", "udp://127.0.0.1:5000", "srt://10.1.2.3:9000?mode=caller"])
def test_nobody_pushes_to_what_is_fetched_or_drawn(url: str) -> None:
    assert prepare(Config(url=url)) == (Config(url=url, name="main", loop=False), [])
