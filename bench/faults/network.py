"""Network: a row's whole stage inside a host of the laboratory, so that only what comes from outside is lost.

What enters: a host of tests/lab. This thread, and every thread and process that it starts meanwhile, is there
(setns(2)); the loopback of that host is the stage's. Root only.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator

from tests.lab import Host
from tests.lab.host import Unavailable

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(host: Host) -> Iterator[None]:
    """Be on that host. Raises Unavailable where that is not allowed."""
    words = host.within([])
    if "-t" not in words or os.geteuid() != 0:
        raise Unavailable("entering a network namespace needs root")
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{words[words.index('-t') + 1]}/ns/net", os.O_RDONLY)
    try:
        _enter(there)
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(there)
        os.close(home)


def _enter(namespace: int) -> None:
    if LIBC.setns(namespace, CLONE_NEWNET):
        raise Unavailable(f"the network namespace cannot be entered: {os.strerror(ctypes.get_errno())}")
