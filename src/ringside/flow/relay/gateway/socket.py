"""Socket: joins groups and reads datagrams, for one process.

What enters: where a session's transports are sent, and the network card. What leaves: datagrams with the address that
sent them, as many as have come, 256 at a time; and the kernel's own account of what it had no room for. An any-source
group is joined for all senders, a source-specific one for its own (RFC 3376, RFC 4607); nobody else's joins are heard.
"""

import asyncio
import errno
import fcntl
import ipaddress
import logging
import socket
import struct
from collections.abc import Callable, Iterable

from ringside.core.errors import Misconfigured
from ringside.core.mabr import Description

log = logging.getLogger(__name__)

DRAIN = 256  # datagrams, before others have their turn
LONGEST = 2048  # bytes read of one: more than any that is ours
BUFFER_BYTES = 64 << 20  # asked of the kernel for each socket; a packet of ours takes 2304 of them
ENOUGH_BYTES = 16 << 20  # given: half a second at 150 Mb/s while the processor is elsewhere
IP_ADD_SOURCE_MEMBERSHIP, IP_MULTICAST_ALL, SO_RCVBUFFORCE, SO_MEMINFO = 39, 49, 33, 55  # Python 3.11 lacks them
SIOCGIFADDR = 0x8915
MEMINFO = struct.Struct("=9I")
DROPS = 8  # of MEMINFO: what SO_RXQ_OVFL counts, without a word beside each datagram
ANY = "0.0.0.0"
Datagram = Callable[[bytes, str], None]


def address_of(interface: str) -> str:
    """The IPv4 address of a network card by name, or the address itself. Raises Misconfigured."""
    if not interface:
        return ANY
    try:
        return str(ipaddress.IPv4Address(interface))
    except ValueError:
        pass
    name = interface.encode()
    if len(name) > 15 or interface not in {known for _, known in socket.if_nameindex()}:
        raise Misconfigured(f"--interface: there is no network card {interface} on this machine")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, struct.pack("256s", name))
        except OSError:
            raise Misconfigured(f"--interface: the network card {interface} has no IPv4 address") from None
    return socket.inet_ntoa(answer[20:24])


def transports(description: Description) -> dict[tuple[str, int], set[str | None]]:
    """The senders (None: any) that each group and port is joined for."""
    found: dict[tuple[str, int], set[str | None]] = {}
    for endpoint in (description.news, *description.tracks.values()):
        found.setdefault((endpoint.group, endpoint.port), set()).add(endpoint.source)
    return {where: {None} if None in sources else sources for where, sources in found.items()}


def listening(group: str, port: int, buffer_bytes: int) -> socket.socket:
    """A socket for what is sent to `group` and `port`, once it has joined. Raises Misconfigured."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer_bytes)
        except PermissionError:  # then the kernel gives what net.core.rmem_max allows
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        sock.bind((group, port))
    except OSError as error:
        sock.close()
        raise Misconfigured(f"{group}:{port} cannot be listened on: {error.strerror or error}") from None
    return sock


def join(sock: socket.socket, group: str, source: str | None, interface: str) -> None:
    """Join `group` at the card with the address `interface`, for `source` or for all. Raises Misconfigured."""
    ours = socket.inet_aton(group), socket.inet_aton(interface)
    whose = f"{group} (source {source})" if source else group
    try:
        if source is None:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, b"".join(ours))
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, b"".join((*ours, socket.inet_aton(source))))
    except OSError as error:
        raise Misconfigured(f"the group {whose} cannot be joined: {_reason(error, interface)}") from None


def _reason(error: OSError, interface: str) -> str:
    match error.errno:
        case errno.ENODEV if interface == ANY:
            return "no network card has a route to it; name one with --interface"
        case errno.ENODEV | errno.EADDRNOTAVAIL:
            return f"no network card of this machine has the address {interface}"
        case errno.ENOBUFS:
            return "this machine has joined as many as it may (net.ipv4.igmp_max_memberships)"
    return error.strerror or str(error)


def joined(description: Description, interface: str, buffer_bytes: int) -> list[socket.socket]:
    """A socket for each group and port of a session. Raises Misconfigured, one sentence."""
    card = address_of(interface)
    sockets: list[socket.socket] = []
    try:
        for (group, port), sources in transports(description).items():
            sockets.append(listening(group, port, buffer_bytes))
            for source in sorted(sources, key=str):
                join(sockets[-1], group, source, card)
    except Misconfigured:
        close(sockets)
        raise
    return sockets


def close(sockets: Iterable[socket.socket]) -> None:
    """Leave the groups."""
    for sock in sockets:
        sock.close()


class Reception:
    """Reads `sockets` on the event loop; `on_datagram(data, source)` has each datagram, `source` an IPv4 address."""

    def __init__(self, sockets: list[socket.socket], on_datagram: Datagram) -> None:
        self._sockets = sockets
        self._on_datagram = on_datagram
        self._loop = asyncio.get_running_loop()
        self._errors = 0
        for sock in sockets:
            self._loop.add_reader(sock.fileno(), self._drain, sock)

    def __repr__(self) -> str:
        return f"<Reception of {len(self._sockets)} sockets, {self.unread} unread>"

    @property
    def unread(self) -> int:
        """Datagrams that came and were dropped by the kernel, for nobody had read those before them."""
        return sum(
            MEMINFO.unpack(sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMINFO.size))[DROPS]
            for sock in self._sockets
        )

    @property
    def buffer_bytes(self) -> int:
        """What the kernel gives the sockets together, its own bookkeeping included."""
        return sum(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for sock in self._sockets)

    def drain(self) -> None:
        """Read what has come, without waiting for the loop's turn."""
        for sock in self._sockets:
            self._drain(sock)

    def close(self) -> None:
        """Read no more, and leave the groups."""
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())
        close(self._sockets)
        self._sockets = []

    def _drain(self, sock: socket.socket) -> None:
        take, receive = self._on_datagram, sock.recvfrom
        try:
            for _ in range(DRAIN):
                data, (source, _) = receive(LONGEST)
                take(data, source)
        except BlockingIOError:
            return
        except OSError as error:
            if self._errors == 0:
                log.warning("the group is not heard: %s", error.strerror or error)
            self._errors += 1
