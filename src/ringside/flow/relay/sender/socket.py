"""The socket that sends to a group: where it leaves, how far it goes, whose address it bears; errors in sentences.

What enters: a Config. What leaves: datagrams, never fragmented. Python 3.11 has no names for some options of Linux;
they are below. A packet that the network does not take is the caller's to count: the next one may do better.
"""

import errno
import logging
import socket
import struct
from ipaddress import AddressValueError, IPv4Address

from ringside.core.errors import Misconfigured
from ringside.flow.relay.sender.config import Config
from ringside.flow.relay.sender.pace import IP_UDP_BYTES

log = logging.getLogger(__name__)

IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14  # linux/in.h
SEND_BYTES = 4 << 20  # of buffer; the kernel gives what it allows
REQUEST = struct.Struct("@4s4si")  # ip_mreqn: group, address, index


class Outlet:
    """An open socket, connected to the group. `largest`: the datagram that must pass, bytes."""

    def __init__(self, config: Config, largest: int) -> None:
        """Raises Misconfigured: the interface, the source or the MTU does not fit."""
        self._config = config
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._set_up()
            self._check_mtu(largest)
        except Misconfigured:
            self._socket.close()
            raise

    def __repr__(self) -> str:
        return f"<Outlet {self._config.group}:{self._config.port}>"

    def send(self, data: bytes) -> bool:
        """Whether it has left; False: the network does not take it now. Raises BlockingIOError while it is full, and
        Misconfigured for what is larger than the MTU has become."""
        try:
            self._socket.send(data)
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise self._too_small(len(data)) from None
            if error.errno == errno.ENOBUFS:
                raise BlockingIOError from None
            log.debug("a packet did not leave: %s", error)
            return False
        return True

    def close(self) -> None:
        """Send no more."""
        self._socket.close()

    def _set_up(self) -> None:
        sock, config = self._socket, self._config
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, config.ttl)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        if config.source is not None:
            try:
                sock.bind((config.source, 0))
            except OSError:
                raise Misconfigured(f"--source: no interface of this machine has the address {config.source}") from None
        leaving = config.interface or config.source
        if leaving is not None:
            self._leave_by(leaving)
        try:
            sock.connect((config.group, config.port))
        except OSError as error:
            raise Misconfigured(
                f"--group: there is no way to {config.group} from this machine ({error.strerror}): "
                "name an interface with --interface"
            ) from None

    def _leave_by(self, name: str) -> None:
        try:
            request = REQUEST.pack(bytes(4), bytes(4), socket.if_nametoindex(name))
        except OSError:
            request = self._by_address(name)
        try:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
        except OSError:
            raise Misconfigured(f"--interface: no interface of this machine has the address {name}") from None

    def _by_address(self, name: str) -> bytes:
        try:
            return REQUEST.pack(bytes(4), IPv4Address(name).packed, 0)
        except AddressValueError:
            names = ", ".join(known for _, known in socket.if_nameindex())
            raise Misconfigured(
                f"--interface: there is no interface {name!r} on this machine; it has {names}"
            ) from None

    def _check_mtu(self, largest: int) -> None:
        if self._socket.getsockopt(socket.IPPROTO_IP, IP_MTU) < largest + IP_UDP_BYTES:
            raise self._too_small(largest)

    def _too_small(self, size: int) -> Misconfigured:
        mtu = self._socket.getsockopt(socket.IPPROTO_IP, IP_MTU)
        return Misconfigured(
            f"--symbol: packets of {size + IP_UDP_BYTES} bytes are larger than the MTU of "
            f"{self._config.interface or 'the interface'}, which is {mtu}: take a --symbol of "
            f"{max(64, (mtu - size - IP_UDP_BYTES + self._config.symbol) // 8 * 8)} or less"
        )
