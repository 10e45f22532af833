"""A gateway through all weathers: every turn is published once, whole and in order of its lane, and counted truly."""

import pytest
from gateway_house import MS, PARTS, TRACKS, House, Weather, away, bursts, fine, loss, wild

from ringside.core.alc import NO_CODE, REED_SOLOMON
from ringside.flow.relay.gateway.gather import MAX_BYTES


def house(weather: Weather = fine, **more: int) -> House:
    return House(weather=weather, **more)


def settled(one: House) -> House:
    """Nothing is under way any more."""
    one.weather = fine
    one.run(0.5)
    return one


def total(one: House, key: str) -> int:
    return sum(track[key] for track in one.told()["tracks"].values())


def test_a_gateway_starts_at_once_from_the_feed_and_closes_it_when_the_group_flows() -> None:
    one = house()
    one.run(0.5)
    assert (one.state, one.feeds) == ("unicast", 1)
    assert len(one.published) >= 8
    one.run(2.5)
    assert (one.states, one.feed_open) == (["start", "unicast", "group"], False)
    one.run(3)
    one.assert_as_told(but_for=2)
    assert one.asks == []


def test_in_the_group_a_turn_is_here_when_its_packets_are() -> None:
    one = house()
    one.run(6)
    delays = one.delays_ms(since_s=4)
    assert delays[-1] < 25, "26 kB are sent in 12 ms here"


@pytest.mark.parametrize(("share", "least", "most"), [(0.05, 99, 100), (0.2, 78, 99)])
def test_random_loss_is_mended_by_little_and_the_group_is_not_left(share: float, least: float, most: float) -> None:
    one = house(loss(share))
    one.run(10)
    settled(one).assert_as_told()
    assert one.states == ["start", "unicast", "group"]
    assert one.delays_ms(since_s=4)[-1] < 400, "two parts, for a player one second behind"
    assert total(one, "missing") == 0
    assert total(one, "mended_by_fec") > 0
    assert least < one.told()["offload_percent"] <= most, "unicast brings a part of what was lost"


def test_packets_late_out_of_order_and_twice_change_nothing() -> None:
    one = house(wild)
    one.run(5)
    one.assert_as_told()
    assert one.states == ["start", "unicast", "group"]
    told = one.told()
    assert told["dropped"]["replayed"] > 100, "the copies"
    assert total(one, "lost") == total(one, "missing") == 0


def test_bursts_of_fifty_milliseconds_are_no_reason_to_leave() -> None:
    one = house(bursts(2.03, 0.05))
    one.run(12)
    settled(one).assert_as_told()
    assert one.states == ["start", "unicast", "group"]
    assert total(one, "mended_by_unicast") > 0
    assert total(one, "missing") == 0
    assert one.told()["offload_percent"] > 96, "a fortieth of the time it is lost"


def test_a_cut_of_twenty_seconds_is_bridged_from_where_the_group_stopped_and_left_when_it_flows() -> None:
    one = house(away(5, 25))
    one.run(5)
    before = one.snapshots
    one.run(0.5)
    assert one.feed_open
    one.run(29)
    one.assert_as_told()
    assert one.states == ["start", "unicast", "group", "bridge", "unicast", "group"]
    assert one.snapshots == before, "only what was missed was fetched"
    assert one.delays_ms(since_s=4)[-1] < 500, "silence, the way to the feed, and what was missed"
    assert one.told()["switches"] == 3


def test_a_cut_that_the_feed_cannot_make_good_any_more_is_told_anew() -> None:
    one = house(away(4, 30))
    one.ring = 20
    one.run(4)
    one.feed_answers = False
    one.run(4)
    one.feed_answers = True
    one.run(2)
    one.assert_as_told()
    assert (one.snapshots, one.state) == (2, "unicast")


def test_while_the_feed_is_refused_what_the_group_and_repair_give_is_published() -> None:
    one = house(loss(0.1))
    one.run(4)
    one.feed_answers = False
    one.gateway.switch.lost("a test", one.now_ns)
    one.run(6)
    assert one.state == "bridge"
    settled(one).assert_as_told()


def test_media_that_repair_does_not_give_in_time_comes_by_the_feed() -> None:
    one = house()
    one.run(4)
    one.repair_answers = False
    one.weather = loss(0.3)
    one.run(3)
    one.weather = fine
    one.run(3)
    assert "bridge" in one.states
    assert total(one, "missing") > 0
    one.assert_as_told()


def test_while_nobody_gives_a_part_other_lanes_go_on_and_it_comes_when_somebody_does() -> None:
    one = house()
    one.run(4)
    one.repair_answers = one.feed_answers = False
    one.weather = away(4.04, 4.09)
    one.run(1)
    waiting = one.gateway.order.base
    passed = [number for number, _, _ in one.published if number > waiting]
    assert one.state == "bridge"
    assert passed, "of other lanes"
    one.repair_answers = True
    one.run(3)
    one.assert_as_told()


def test_an_origin_that_begins_anew_is_followed() -> None:
    one = house()
    one.run(4)
    one.restart_origin()
    one.run(1)
    assert one.snapshots == 2
    one.run(6)
    one.assert_as_told()
    assert one.states == ["start", "unicast", "group", "bridge", "unicast", "group"]


def test_an_origin_that_begins_anew_before_the_group_is_proven_is_followed() -> None:
    one = house()
    one.run(0.5)
    one.restart_origin()
    one.run(6)
    one.assert_as_told()
    assert one.state == "group"


def test_a_sender_that_begins_anew_is_followed() -> None:
    one = house()
    one.run(4)
    one.sends = False
    one.run(1)
    assert one.state in {"bridge", "unicast"}
    one.sender = type(one.sender)(one.origin, one.now_ns)
    one.sends = True
    one.run(6)
    assert one.state == "group"
    one.assert_as_told()


def test_a_feed_that_breaks_before_the_group_is_proven_goes_on_where_it_was() -> None:
    one = house(away(0, 3))
    one.run(1)
    one.cut_feed()
    assert one.state == "bridge"
    one.run(6)
    assert (one.snapshots, one.state) == (1, "group")
    one.assert_as_told()


def test_a_track_that_is_not_sent_is_taken_by_unicast() -> None:
    one = house()
    one.sender.unsent = frozenset(["v180"])
    one.run(4)
    settled(one).assert_as_told()
    assert one.states == ["start", "unicast", "group"]
    tracks = one.told()["tracks"]
    assert tracks["v180"]["packets"] == 0
    assert tracks["v180"]["unicast_bytes"] == pytest.approx(tracks["v180"]["unicast_cost_bytes"], rel=0.1)


@pytest.mark.parametrize("fec", [NO_CODE, REED_SOLOMON])
def test_other_codes_do_too(fec: int) -> None:
    one = House(weather=loss(0.05), fec=fec)
    one.run(4)
    settled(one).assert_as_told()
    assert one.states == ["start", "unicast", "group"]


def test_what_the_hub_does_not_take_is_told_anew() -> None:
    one = house()
    one.run(4)
    one.do(one.gateway.refused(one.now_ns))
    assert one.gateway.at is None
    one.run(1)
    assert one.snapshots == 2
    one.run(4)
    assert one.state == "group"
    one.assert_as_told()


def test_the_counters_tell_what_happened() -> None:
    one = house(away(6, 7, loss(0.05)))
    one.run(12)
    settled(one)
    told = one.told()
    assert told["state"] == "group"
    assert total(one, "packets") < one.packets_sent - one.packets_lost, "news are of no track"
    published = sum(len(m.data) for _, ms, _ in one.published for m in ms if hasattr(m, "data"))
    assert total(one, "unicast_cost_bytes") == published
    assert 0 < total(one, "lost") < one.packets_lost
    assert told["unicast_bytes"] < told["unicast_cost_bytes"]
    assert told["delay_ms"]["p50"] >= 0
    assert set(told["tracks"]) == set(TRACKS)
    assert told["offload_in_all_percent"] < told["offload_percent"], "the beginning is by unicast"
    assert told["dropped"]["forged"] == 0


def test_lost_is_what_was_sent_and_did_not_come() -> None:
    one = house()
    one.run(5)
    before, lost = one.told()["tracks"]["v720"], 0

    def one_in_ten(sent_ns: int, chance: object) -> list[int]:
        nonlocal lost
        if one.packets_sent % 10:
            return [MS]
        lost += 1
        return []

    one.weather = one_in_ten
    one.run(4)
    settled(one)
    after = one.told()["tracks"]
    everywhere = sum(track["lost"] for track in after.values())
    assert after["v720"]["lost"] > before["lost"]
    assert 0.5 * lost < everywhere <= lost, "some were of news"


def test_memory_stays_within_bounds_whatever_the_weather() -> None:
    one = house(loss(0.2))
    one.run(4)
    one.weather = wild
    one.run(2)
    assert one.most_bytes < 1_000_000 < MAX_BYTES
    assert len(one.gateway._ledger.short) < 10
    assert len(one.gateway.mend) < 10
    assert one.gateway.objects.open < 64


def test_an_origin_without_turns_is_taken_by_unicast_and_it_is_said() -> None:
    one = house()
    gateway = one.gateway
    gateway.swapped([], 1000, one.now_ns)
    (publish,) = gateway.fed(None, one.origin.turns[1], one.now_ns)
    assert publish.messages == one.origin.turns[1]
    assert (gateway.at, gateway.describe(0, 0)["state"]) == (None, "unicast")
    assert "numbers no turns" in gateway.describe(0, 0)["why"]


def test_the_house_tells_what_an_origin_tells() -> None:
    one = house()
    one.run(PARTS)
    assert max(len(messages) for messages in one.origin.turns) >= 6
