"""`/moq.json`: what it says, to whom it is told, when it goes; and what of the `[moq]` table is refused."""

import json
from typing import Any

import pytest

from ringside.cli import event as event_file
from ringside.cli import moq
from ringside.core.errors import Misconfigured
from ringside.core.feed import Cache, Document, Removed
from ringside.flow.relay.moq.config import Config
from ringside.flow.relay.moq.offer import PATH, STALE_NS, Offers, document

HASH = "ab" * 32
REPORT: dict[str, Any] = {
    "ready": True, "broadcast": "live/main", "url": "", "port": 8080, "fingerprint": HASH, "frames": 7,
}  # fmt: skip
NOW_NS = 1_790_000_000_000_000_000


def test_our_own_port_is_offered_without_a_host_and_told_to_no_edge_elsewhere() -> None:
    offer = document(REPORT)
    assert json.loads(offer.body) == {"url": None, "port": 8080, "fingerprint": HASH, "broadcast": "live/main"}
    assert offer.cache is Cache.NONE


def test_an_address_for_everybody_is_told_on() -> None:
    offer = document({**REPORT, "url": "https://relay.example/", "port": None, "fingerprint": ""})
    assert json.loads(offer.body) == {
        "url": "https://relay.example/", "port": None, "fingerprint": None, "broadcast": "live/main",
    }  # fmt: skip
    assert offer.cache is Cache.SHORT


@pytest.mark.parametrize("missing", [{"ready": False}, {"broadcast": ""}])
def test_nothing_is_offered_before_it_can_be_had(missing: dict[str, Any]) -> None:
    offers = Offers()
    offers.take({**REPORT, **missing}, NOW_NS)
    assert offers.messages(NOW_NS) == []


def test_an_offer_goes_once_when_its_process_is_silent_and_comes_back_with_it() -> None:
    offers = Offers()
    assert offers.messages(NOW_NS) == []
    offers.take(REPORT, NOW_NS)
    assert offers.messages(NOW_NS) == [document(REPORT)]
    later = NOW_NS + STALE_NS
    assert offers.messages(later - 1) == [document(REPORT)]
    assert offers.messages(later) == [Removed(PATH)]
    assert offers.messages(later) == []
    offers.take(REPORT, later)
    assert isinstance(offers.messages(later)[0], Document)


def test_a_port_or_a_relay_means_that_moq_is_wanted() -> None:
    assert not moq.changes(False, None, None)["on"]
    for given in ((True, None, None), (False, 8443, None), (False, None, "https://relay.example/")):
        assert moq.changes(*given)["on"]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("relay", "http://relay.example/", "must be an https:// address"),
        ("url", "relay.example", "must be an https:// address"),
        ("fingerprint", "AB" * 32, "should match pattern"),
        ("port", 0, "greater than or equal to 1"),
        ("renew_s", 14 * 86_400, "less than or equal to"),
        ("prot", 1, "there is no such field"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(field: str, value: Any, why: str) -> None:
    with pytest.raises(Misconfigured, match=rf"event: moq\.{field}: .*{why}"):
        event_file.parse({"moq": {field: value}})


def test_a_relay_is_shown_without_its_secret() -> None:
    config = Config(on=True, relay="https://relay.example:4443/?jwt=secret")
    assert moq.banner(config, 8080) == "  moq      https://relay.example:4443/"
    assert moq.banner(Config(on=True), 8080) == "  moq      UDP port 8080"
    assert moq.banner(Config(), 8080) == ""
