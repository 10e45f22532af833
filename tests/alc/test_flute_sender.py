"""What a sender sends is a FLUTE session: flute-alc takes it, and so does a Session; with 5 % lost nearly all of it.

A receiver of other hands has no repair by unicast: what is sent for repair is all it has, and a part that is one packet
is sent twice. What it takes must be right, and one must not take what the other could not.
"""

import asyncio
import os
import random
from pathlib import Path

import flute_peer
import pytest
from tests.sender.sender_house import House, begins, house, part, until

from ringside.core.alc import Session

PARTS = [os.urandom(size) for size in (60_000, 300, 1_280, 20_000, 2_600, 90_000, 7, 45_000)] * 2


async def recorded(fec: str) -> tuple[list[bytes], int, str]:
    """All datagrams of an event of some parts; the track's TSI; the origin."""
    sent: list[bytes] = []
    async with house(fec=fec, overhead=30, rate_bps=100_000_000) as there:
        record(there, sent)
        offset = 0
        there.origin.hub.publish(begins("v", 1, 1))
        for index, data in enumerate(PARTS):
            there.origin.hub.publish(part("v", 1, index, 1, offset, data))
            offset += len(data)
        await until(lambda: len(there.receiver.turns) > len(PARTS))
        return sent, there.described[0].tracks["v"].tsi, there.origin.url


def record(there: House, sent: list[bytes]) -> None:
    outlet = there.sender._outlet
    send = outlet.send

    def sends(data: bytes) -> bool:
        sent.append(bytes(data))
        return send(data)

    outlet.send = sends  # type: ignore[method-assign]


def dropped(datagrams: list[bytes], share: float) -> list[bytes]:
    rng = random.Random(11)
    return [each for each in datagrams if rng.random() >= share]


@pytest.mark.parametrize(("share", "least"), [(0.0, len(PARTS)), (0.05, len(PARTS) - 3)], ids=["whole", "5 % lost"])
@pytest.mark.parametrize("fec", ["raptorq", "rs"])
def test_any_flute_receiver_takes_the_parts_of_a_track(fec: str, share: float, least: int, tmp_path: Path) -> None:
    sent, tsi, url = asyncio.run(recorded(fec))
    kept = dropped(sent, share)
    assert (len(kept) < len(sent)) == bool(share)
    session = Session(tsi)
    ours = {file.location: data for each in kept for file, data in session.take(each)}
    parts = {f"{url}/live/main/v/1.{index}.m4s": data for index, data in enumerate(PARTS)}
    got = {name: data for name, data in ours.items() if name in parts}
    assert got.items() <= parts.items()
    assert len(got) >= least
    theirs = flute_peer.received(kept, tmp_path, tsi)
    assert sorted(theirs) == sorted(ours.values())
