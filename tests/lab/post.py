"""Post: numbered datagrams to a group and back from it, for the laboratory's own tests.

    python -m tests.lab.post hear GROUP PORT ADDRESS [SOURCE]    says that it has joined, then the numbers
    python -m tests.lab.post send GROUP PORT ADDRESS COUNT [SIZE]

What is heard ends with the datagram that says so, sent three times; or with SIGTERM, or silence.
"""

import json
import signal
import socket
import struct
import sys
import time

from tests.lab.wire import ear, mouth

END = 0xFFFFFFFF
SILENCE_S = 10.0
PAUSE_S = 0.0002
ADD_SOURCE = 39  # IP_ADD_SOURCE_MEMBERSHIP


def hear(group: str, port: int, address: str, source: str = "") -> dict[str, object]:
    """Numbers in the order they came, and from whom."""
    sock = from_source(group, port, address, source) if source else ear(group, port, address)
    sock.settimeout(SILENCE_S)
    signal.signal(signal.SIGTERM, enough)
    print("joined", flush=True)
    numbers: list[int] = []
    senders: set[str] = set()
    try:
        while True:
            data, (sender, _) = sock.recvfrom(65_536)
            (number,) = struct.unpack_from(">I", data)
            if number == END:
                break
            numbers.append(number)
            senders.add(sender)
    except TimeoutError:
        pass
    return {"numbers": numbers, "senders": sorted(senders)}


def enough(number: int, frame: object) -> None:
    """Hear no more."""
    raise TimeoutError


def from_source(group: str, port: int, address: str, source: str) -> socket.socket:
    """An ear for what one source sends."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((group, port))
    sock.setsockopt(
        socket.IPPROTO_IP, ADD_SOURCE, b"".join(socket.inet_aton(each) for each in (group, address, source))
    )
    return sock


def send(group: str, port: int, address: str, count: int, size: int = 1000) -> None:
    """So many datagrams, evenly."""
    sock = mouth(group, port, address)
    for number in range(count):
        sock.send(struct.pack(">I", number).ljust(size, b"."))
        time.sleep(PAUSE_S)
    time.sleep(0.05)
    for _ in range(3):
        sock.send(struct.pack(">I", END))
        time.sleep(0.02)


def main() -> None:
    """Hear or send."""
    what, group, port, address, *rest = sys.argv[1:]
    if what == "hear":
        print(json.dumps(hear(group, int(port), address, *rest)), flush=True)
    else:
        send(group, int(port), address, *(int(each) for each in rest))


if __name__ == "__main__":
    main()
