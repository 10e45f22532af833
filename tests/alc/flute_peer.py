"""flute-alc, a FLUTE of other hands, as sender and as receiver of datagrams in memory."""

from collections.abc import Iterable
from pathlib import Path

from flute import receiver, sender

GROUP, PORT, TSI = "239.1.1.1", 5001, 7

OTIS = {
    "no-code": lambda: sender.Oti.new_no_code(1280, 64),
    "Reed-Solomon": lambda: sender.Oti.new_reed_solomon_rs28(1280, 60, 12),
}


def sent(objects: dict[str, bytes], fec: str) -> list[bytes]:
    """These files (by location) as the packets of flute-alc's sender, in its order."""
    oti = OTIS[fec]()
    peer = sender.Sender(TSI, oti, sender.Config())
    for location, data in objects.items():
        peer.add_object_from_buffer(data, "video/mp4", location, None)
    peer.publish()
    packets = []
    while (packet := peer.read()) is not None:
        packets.append(bytes(packet))
    return packets


def received(packets: Iterable[bytes], folder: Path, tsi: int = TSI) -> list[bytes]:
    """The files that flute-alc's receiver writes for these packets, by name."""
    place = receiver.UDPEndpoint(GROUP, PORT)
    peer = receiver.Receiver(place, tsi, receiver.ObjectWriterBuilder(str(folder)), receiver.Config())
    for packet in packets:
        peer.push(packet)
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
