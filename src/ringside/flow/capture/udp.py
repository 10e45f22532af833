"""Receivers of bytes for MPEG-TS: a UDP socket, in a multicast group or not, and standard input.

Both are a Receiver. RTP's header (RFC 2250) is taken off a datagram.
"""

import os
import select
import socket
import struct
from ipaddress import ip_address
from typing import Any

from ringside.core.errors import Misconfigured
from ringside.flow.capture.spec import Spec

_READ = 65536
_RECEIVE_BUFFER = 4 * 2**20
_RTP_MPEGTS = 33
_SYNC = 0x47
_IP_ADD_SOURCE_MEMBERSHIP = 39  # Linux's number; Python's socket module names it from 3.12 on


class Udp:
    """A bound UDP socket. Raises Misconfigured when the address cannot be had."""

    ends = False
    sender, trouble = 0, ""

    def __init__(self, spec: Spec) -> None:
        family = socket.AF_INET6 if ":" in spec.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._bind(spec)
        except OSError as error:
            self._socket.close()
            raise Misconfigured(f"source {spec.url}: {error.strerror or error}") from None
        self.port = int(self._socket.getsockname()[1])

    def _bind(self, spec: Spec) -> None:
        group = ip_address(spec.host).is_multicast
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        if group:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((spec.host, spec.port))
        if not group:
            return
        here = socket.inet_pton(socket.AF_INET, spec.interface or "0.0.0.0") if "." in spec.host else b""
        if not here:
            there = socket.inet_pton(socket.AF_INET6, spec.host)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, there + struct.pack("@I", 0))
        elif spec.sender:
            request = socket.inet_aton(spec.host) + here + socket.inet_aton(spec.sender)  # struct ip_mreq_source
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_ADD_SOURCE_MEMBERSHIP, request)
        else:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(spec.host) + here)

    def receive(self, within_s: float) -> bytes | None:
        """All datagrams that are there, their payloads joined."""
        if not select.select([self._socket], [], [], within_s)[0]:
            return b""
        parts = []
        try:
            for _ in range(64):
                parts.append(without_rtp(self._socket.recv(_READ, socket.MSG_DONTWAIT)))
        except BlockingIOError:
            pass
        return b"".join(parts)

    def status(self) -> dict[str, Any]:
        """There is nothing to tell."""
        return {}

    def close(self) -> None:
        """Close the socket; the group is left with it."""
        self._socket.close()


class Standard:
    """A file descriptor, standard input's by default."""

    ends = True
    port, sender, trouble = 0, 0, ""

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor

    def receive(self, within_s: float) -> bytes | None:
        """What can be read."""
        if not select.select([self._descriptor], [], [], within_s)[0]:
            return b""
        return os.read(self._descriptor, _READ) or None

    def status(self) -> dict[str, Any]:
        """There is nothing to tell."""
        return {}

    def close(self) -> None:
        """Standard input belongs to the process: it stays open."""


def without_rtp(datagram: bytes) -> bytes:
    """The payload of a datagram that is RTP with MPEG-TS in it; any other as it is."""
    if len(datagram) < 13 or datagram[0] == _SYNC or datagram[0] >> 6 != 2 or datagram[1] & 0x7F != _RTP_MPEGTS:
        return datagram
    start = 12 + 4 * (datagram[0] & 0x0F)
    if datagram[0] & 0x10 and len(datagram) >= start + 4:
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    return datagram[start:]
