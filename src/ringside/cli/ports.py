"""Ports and addresses: found free before anything is started, so that nothing is left half-started."""

import socket

from ringside.core.errors import Misconfigured


def require_free(host: str, port: int, what: str = "port") -> None:
    """Raise Misconfigured, naming the port, unless it can be listened on by us alone."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is taken by another program" if error.errno == 98 else f"cannot be opened: {error.strerror}"
            raise Misconfigured(f"{what} {port} on {host} {reason}; choose another with --port") from None


def private_listener() -> socket.socket:
    """A listening socket on the loopback that outlives the process it is given to."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.set_inheritable(True)
    return listener


def reachable_address() -> str:
    """The address by which other machines on this network reach this one; the loopback when there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET: a UDP connect sends nothing, it only asks for the route
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
