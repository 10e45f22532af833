"""A sender on a loopback group: every turn arrives byte for byte, at a pace; what was cut, lost or refused is said."""

import asyncio
import os
from pathlib import Path

import pytest
from sender_house import KEYS, begins, ends, house, mpd, part, sender_config, until

from ringside.core.alc import Packet
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.core.feed import Closed, Playlist
from ringside.core.feed.news import MediaRef
from ringside.core.mabr import from_xml, to_xml
from ringside.flow.relay.sender.aio import Sender, send
from ringside.flow.relay.sender.pace import IP_UDP_BYTES
from ringside.flow.relay.sender.socket import Outlet

BIG = os.urandom(60_000)
SMALL = os.urandom(300)


def test_every_turn_arrives_byte_for_byte() -> None:
    async def scene() -> None:
        async with house() as h:
            hub, there = h.origin.hub, h.receiver
            hub.publish([*begins("v", 1, 1), *part("v", 1, 0, 1, 0, BIG)])
            hub.publish([*begins("a", 1, 2), *part("a", 1, 0, 2, 0, SMALL)])
            hub.publish([*part("v", 1, 1, 1, len(BIG), BIG[:5000]), *ends(1)])
            await until(lambda: len(there.turns) == 3)
            assert there.blobs == {1: BIG + BIG[:5000], 2: SMALL}
            first = there.turns[min(there.turns)].messages
            ref = next(message for message in first if isinstance(message, MediaRef))
            assert (ref.path, ref.at, ref.tsi) == ("/live/main/v/1.0.m4s", 0, h.described[0].tracks["v"].tsi)
            assert ref.packets == sum(packet.tsi == ref.tsi and packet.toi == ref.toi for packet, _ in there.packets)
            last = there.turns[max(there.turns)].messages
            assert any(isinstance(message, Playlist) for message in last)
            assert last[-1] == Closed(1)

    asyncio.run(scene())


def test_lost_packets_are_mended_by_what_is_sent_for_repair() -> None:
    lost = 0

    def drops(packet: Packet) -> bool:
        nonlocal lost
        lost += packet.tsi >= 10 and packet.esi in (1, 7)
        return packet.tsi >= 10 and packet.esi in (1, 7)

    async def scene(fec: str) -> None:
        async with house(fec=fec) as h:
            h.receiver.drops = drops
            h.origin.hub.publish([*begins("v", 1, 1), *part("v", 1, 0, 1, 0, BIG)])
            await until(lambda: h.receiver.turns)
            assert h.receiver.blobs == {1: BIG}

    for fec in ("raptorq", "rs"):
        asyncio.run(scene(fec))
    assert lost >= 4


def test_silence_is_filled_with_the_newest_news_while_the_origin_is_there() -> None:
    async def scene() -> None:
        async with house() as h:
            h.origin.hub.publish([*begins("a", 1, 2), *part("a", 1, 0, 2, 0, SMALL)])
            there = h.receiver
            await until(lambda: there.turns)
            await until(lambda: len(there.checkpoints) >= 2)
            before = len(there.packets)
            await until(lambda: sum(packet.tsi == 1 for packet, _ in there.packets[before:]) >= 10, 2)
            assert not there.unknown

    asyncio.run(scene())


def test_playlists_are_told_by_what_changed_since_a_checkpoint() -> None:
    async def scene() -> None:
        async with house() as h:
            there, offset = h.receiver, 0
            h.origin.hub.publish(begins("v", 1, 1))
            for index in range(40):
                h.origin.hub.publish(part("v", 1, index, 1, offset, BIG[:1500]))
                offset += 1500
                await until(lambda index=index: len(there.turns) == index + 2)
                await asyncio.sleep(0.05)
            assert len(there.checkpoints) >= 2
            assert not there.unknown
            told = [message for turn in there.turns.values() for message in turn.messages]
            assert len([message for message in told if isinstance(message, Playlist)]) == 40
            assert there.blobs == {1: BIG[:1500] * 40}

    asyncio.run(scene())


def test_any_flute_receiver_finds_parts_init_segments_and_manifests_by_their_names() -> None:
    async def scene() -> None:
        async with house() as h:
            url, there = h.origin.url, h.receiver
            h.origin.hub.publish([*begins("v", 1, 1), *part("v", 1, 0, 1, 0, BIG)])
            await until(lambda: there.file(f"{url}/live/main/v/1.0.m4s") == BIG)
            await until(lambda: there.file(f"{url}/live/main/a/init.mp4") == b"init of a")
            await until(lambda: there.file(f"{url}/live/main/multicast.xml"))
            await until(lambda: there.file(f"{url}/live/main/index.mpd"))
            assert all(KEYS.group not in data for data in there.media.values())

    asyncio.run(scene())


def test_a_feed_that_breaks_goes_on_after_the_last_turn() -> None:
    async def scene() -> None:
        async with house() as h:
            hub, there = h.origin.hub, h.receiver
            hub.publish([*begins("v", 1, 1), *part("v", 1, 0, 1, 0, BIG[:9000])])
            await until(lambda: len(there.turns) == 1)
            h.origin.cut()
            hub.publish(part("v", 1, 1, 1, 9000, BIG[:9000]))
            await until(lambda: len(there.turns) == 2)
            assert there.blobs == {1: BIG[:9000] * 2}
            assert b"GET /feed?turns " in h.origin.requests[0]
            assert b"GET /feed?since=" in h.origin.requests[-1]

    asyncio.run(scene())


def test_an_origin_that_begins_anew_is_another_epoch_and_nothing_of_the_old_is_told_again() -> None:
    async def scene() -> None:
        async with house() as h:
            there = h.receiver
            h.origin.hub.publish([*begins("v", 1, 1), *part("v", 1, 0, 1, 0, BIG)])
            await until(lambda: there.news)
            old = there.news[-1].epoch
            await h.origin.again()
            h.origin.hub.publish([mpd(a=100_000, v=2_000_000), *begins("v", 9, 1)])
            await until(lambda: len(h.origin.requests) == 2)
            await until(lambda: h.sender.progress().state == "live")
            there.turns.clear()
            h.origin.hub.publish(part("v", 9, 0, 1, 0, BIG[:7000]))
            await until(lambda: there.news[-1].epoch != old)
            assert there.blobs == {1: BIG[:7000]}

    asyncio.run(scene())


def test_media_that_cannot_leave_within_a_second_is_named_for_unicast() -> None:
    async def scene() -> None:
        async with house(rate_bps=800_000) as h:
            there, offset = h.receiver, 0
            h.origin.hub.publish(begins("v", 1, 1))
            for index in range(8):
                h.origin.hub.publish(part("v", 1, index, 1, offset, BIG[:30_000]))
                offset += 30_000
            await until(lambda: len(there.turns) == 9)
            told = [message for turn in there.turns.values() for message in turn.messages]
            refs = [message for message in told if isinstance(message, MediaRef)]
            assert len(refs) == 8
            assert h.sender.progress().counts.cut == sum(ref.tsi == 0 for ref in refs) > 0
            assert refs[-1].tsi != 0
            assert there.media[refs[-1].tsi, refs[-1].toi] == BIG[:30_000]

    asyncio.run(scene())


def test_the_rate_is_never_beyond_the_bucket() -> None:
    async def scene() -> None:
        async with house(rate_bps=4_000_000, depth_bytes=4000) as h:
            h.origin.hub.publish([*begins("v", 1, 1), *part("v", 1, 0, 1, 0, BIG)])
            await until(lambda: h.receiver.turns)
            left = [(packet.sn, size + IP_UDP_BYTES) for packet, size in h.receiver.packets]
            for first in range(0, len(left), 7):
                within = 0
                for sn, size in left[first:]:
                    within += size
                    assert within <= 4000 + (sn - left[first][0] + 1) * 4_000_000 / 8e6 + 1

    asyncio.run(scene())


def test_only_chosen_tracks_are_sent_and_the_others_are_named() -> None:
    async def scene() -> None:
        async with house(tracks=("a",)) as h:
            h.origin.hub.publish([*begins("v", 1, 1), *part("v", 1, 0, 1, 0, BIG)])
            h.origin.hub.publish([*begins("a", 1, 2), *part("a", 1, 0, 2, 0, SMALL)])
            await until(lambda: len(h.receiver.turns) == 2)
            assert h.receiver.blobs == {1: b"?" * len(BIG), 2: SMALL}
            assert list(h.described[0].tracks) == ["a"]
            assert h.sender.progress().counts.by_unicast == 1

    asyncio.run(scene())


def test_an_event_that_begins_later_is_described_when_it_does() -> None:
    async def scene() -> None:
        async with house(described=False) as h:
            await until(lambda: h.sender.progress().state == "live")
            assert not h.described
            h.origin.hub.publish([mpd(v=2_000_000)])
            await until(lambda: h.described)
            h.origin.hub.publish([*begins("v", 1, 1), *part("v", 1, 0, 1, 0, BIG)])
            await until(lambda: h.receiver.turns)
            assert h.receiver.blobs == {1: BIG}
            described = h.described[0].description(1_795_000_000_000_000_000)
            assert from_xml(to_xml(described)) == described
            assert described.rates == {"v": 2_000_000}

    asyncio.run(scene())


def test_a_track_that_is_not_there_is_named_with_those_that_are() -> None:
    async def scene() -> None:
        async with house(tracks=("v", "v999"), described=False) as h:
            h.origin.hub.publish([mpd(v=2_000_000, a=1)])
            await h.task

    with pytest.raises(Misconfigured, match="--track: the event main has no track v999; it has a, v"):
        asyncio.run(scene())


def test_an_origin_that_refuses_is_quoted() -> None:
    async def scene() -> None:
        async with house(described=False) as h:
            h.origin.refuses = b"HTTP/1.1 401 No\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nnever"
            h.origin.cut()
            await h.task

    with pytest.raises(RingsideError, match="refuses its feed: never"):
        asyncio.run(scene())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"interface": "nic7"}, "--interface: there is no interface 'nic7' on this machine; it has .*lo"),
        ({"interface": "192.0.2.7"}, "--interface: no interface of this machine has the address 192.0.2.7"),
        ({"source": "192.0.2.7"}, "--source: no interface of this machine has the address 192.0.2.7"),
    ],
)
def test_a_network_that_cannot_be_is_one_sentence(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        Outlet(sender_config("http://origin", **values), 1352)


def test_an_mtu_that_is_too_small_is_one_sentence_with_a_symbol_that_fits() -> None:
    with pytest.raises(Misconfigured, match="--symbol: packets of 70028 bytes are larger than the MTU of lo, which is"):
        Outlet(sender_config("http://origin"), 70_000)


def test_the_address_of_the_source_is_on_every_packet() -> None:
    async def scene() -> None:
        async with house(group="232.77.1.1", source="127.0.0.9") as h:
            h.origin.hub.publish([*begins("a", 1, 2), *part("a", 1, 0, 2, 0, SMALL)])
            await until(lambda: h.receiver.turns)
            assert set(h.receiver.senders) == {"127.0.0.9"}
            assert h.described[0].tracks["a"].source == "127.0.0.9"

    asyncio.run(scene())


def test_send_writes_the_description_says_how_it_goes_and_sums_up(tmp_path: Path) -> None:
    said: list[str] = []

    async def scene() -> None:
        async with house() as h:
            h.task.cancel()
            config = sender_config(h.origin.url, description=tmp_path / "m.xml")
            task = asyncio.ensure_future(send(config, Wall(), said.append))
            await until(lambda: (tmp_path / "m.xml").exists())
            assert set(from_xml((tmp_path / "m.xml").read_bytes()).tracks) == {"a", "v"}
            await until(lambda: any("Mbit/s" in line for line in said))
            os.kill(os.getpid(), 2)
            await asyncio.wait_for(task, 5)
            assert any("turns in" in line for line in said[-3:])

    asyncio.run(scene())


def test_a_sender_says_what_it_is() -> None:
    async def scene() -> None:
        async with house() as h:
            assert isinstance(h.sender, Sender)
            assert "live" in repr(h.sender)

    asyncio.run(scene())
