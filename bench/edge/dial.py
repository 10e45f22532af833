"""Connections of the load, made so that tens of thousands of them leave the machine's ports free for the next run."""

import socket
import struct

BIND_ADDRESS_NO_PORT = 24  # IP_BIND_ADDRESS_NO_PORT: the port is chosen when it is known to whom
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: hang up by a reset, so that nothing lingers in TIME_WAIT


def dial(port: int, address: str = "127.0.0.1", buffer: int = 0, limit_s: float = 30) -> socket.socket:
    """A non-blocking connection from `address` to the loopback's `port`; `buffer`: bytes it takes unread."""
    connection = socket.socket()
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(limit_s)
        connection.bind((address, 0))
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
    except OSError:
        connection.close()
        raise
    return connection
