"""Readers that hardly read, and clients that never finish asking: `python -m bench.edge.slowly TELL`, one process.

TELL is JSON: {port, path, readers, lorises, bytes_per_s, seconds}. A reader has a small buffer, asks for `path` and
takes `bytes_per_s`; a loris sends one byte of its head a second. It writes "ready" once all are there, and at the end a
JSON line: how many the server had dropped by then.
"""

import contextlib
import json
import socket
import sys
import time

from bench.edge.dial import dial

TURN_S = 0.2
BUFFER_BYTES = 4096


def read(connection: socket.socket, size: int) -> bool:
    """Take up to `size` bytes; False once the server has hung up."""
    try:
        return bool(connection.recv(size))
    except BlockingIOError:
        return True
    except OSError:
        return False


def drip(connection: socket.socket) -> bool:
    """Send a byte of a head that never ends; False once the server has hung up."""
    with contextlib.suppress(BlockingIOError):
        try:
            connection.send(b"a")
        except OSError:
            return False
    return read(connection, 4096)


def main() -> None:
    """The process."""
    tell = json.loads(sys.argv[1])
    readers = [dial(tell["port"], "127.0.0.3", BUFFER_BYTES) for _ in range(tell["readers"])]
    lorises = [dial(tell["port"], "127.0.0.3", BUFFER_BYTES) for _ in range(tell["lorises"])]
    for reader in readers:
        reader.send(f"GET {tell['path']} HTTP/1.1\r\nHost: edge\r\n\r\n".encode())
    for loris in lorises:
        loris.send(b"GET / HTTP/1.1\r\nHost: edge\r\nX: ")
    print("ready", flush=True)
    all_readers, all_lorises = len(readers), len(lorises)
    until_s, turn = time.monotonic() + tell["seconds"], 0
    while time.monotonic() < until_s:
        readers = [reader for reader in readers if read(reader, int(tell["bytes_per_s"] * TURN_S))]
        if turn % int(1 / TURN_S) == 0:
            lorises = [loris for loris in lorises if drip(loris)]
        turn += 1
        time.sleep(TURN_S)
    dropped = {"readers_dropped": all_readers - len(readers), "lorises_dropped": all_lorises - len(lorises)}
    print(json.dumps(dropped), flush=True)


if __name__ == "__main__":
    main()
