"""LL-HLS viewers that cost next to nothing, to load a worker to its limit: `python -m bench.edge.lean TELL`.

A viewer asks as hls.js does at 200 ms parts: on four connections, for picture and sound each, it holds a blocking
playlist reload and the part that is hinted, and asks for the next as soon as it has one: 20 requests a second. It knows
the names from the clock, so it parses no playlist, and bodies are thrown away by the kernel; `ringside crowd` is the
true player, this is what is left of it on the wire. A part is on time when its last byte was read before a player at
PART-HOLD-BACK (three parts behind the newest, rfc8216bis §4.4.3.8) has played all that comes before it: two parts'
duration after its last frame was captured. TELL is JSON: {port, address, viewers, join_s, seconds, count_after_s,
part_s, tracks, publish_s}; a JSON line leaves at the end.
"""

import json
import resource
import select
import socket
import sys
import time
from collections import Counter
from typing import Any

from bench.edge.dial import dial

SEGMENT_S = 2
FIRST_BYTES = 1024
SCRATCH = bytearray(1 << 20)
FIELDS = (
    b"Host: edge\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36\r\n"
    b"Accept: */*\r\nAccept-Encoding: gzip, deflate, br\r\nOrigin: http://edge\r\nReferer: http://edge/\r\n\r\n"
)


class Chain:
    """One connection that asks for one thing after another: a track's playlists, or its parts."""

    __slots__ = ("form", "is_media", "left", "number", "part", "socket")

    def __init__(self, connection: socket.socket, form: bytes, is_media: bool, at: tuple[int, int]) -> None:
        self.socket = connection
        self.form = form
        self.is_media = is_media
        self.number, self.part = at
        self.left = 0  # of the body under way


class Viewers:
    """All viewers of one process."""

    def __init__(self, tell: dict[str, Any]) -> None:
        self._tell = tell
        self._parts = round(SEGMENT_S / tell["part_s"])
        self._part_ns = int(tell["part_s"] * 1e9)
        self._publish_ns = int(tell["publish_s"] * 1e9)
        self._poll = select.epoll()
        self._chains: dict[int, Chain] = {}
        self._requests: dict[tuple[bytes, int, int], bytes] = {}
        self._count_from_ns = 0
        self.joined = self.responses = self.bytes = 0
        self.late_ms: list[float] = []  # how long after their publication counted parts were there
        self.failed: Counter[str] = Counter()

    def next_part(self, now_ns: int) -> tuple[int, int]:
        """The part that is published next."""
        due = (now_ns - self._publish_ns) // self._part_ns
        return due // self._parts, due % self._parts

    def join(self) -> None:
        """One more viewer."""
        tell = self._tell
        for track in tell["tracks"]:
            forms = (
                (f"GET {track}/index.m3u8?_HLS_msn=%d&_HLS_part=%d HTTP/1.1\r\n".encode(), False),
                (f"GET {track}/%d.%d.m4s HTTP/1.1\r\n".encode(), True),
            )
            for form, is_media in forms:
                connection = dial(tell["port"], tell["address"])
                chain = Chain(connection, form, is_media, self.next_part(time.time_ns()))
                self._chains[connection.fileno()] = chain
                self._poll.register(connection.fileno(), select.EPOLLIN)
                self._ask(chain)
        self.joined += 1

    def _ask(self, chain: Chain) -> None:
        key = (chain.form, chain.number, chain.part)
        request = self._requests.get(key)
        if request is None:
            if len(self._requests) > 1000:
                self._requests.clear()
            request = self._requests[key] = chain.form % (chain.number, chain.part) + FIELDS
        chain.socket.send(request)

    def play(self) -> None:
        """Join, play and count until the time is up."""
        tell = self._tell
        began_s = time.monotonic()
        self._count_from_ns = time.time_ns() + int(tell["count_after_s"] * 1e9)
        while (now_s := time.monotonic() - began_s) < tell["seconds"]:
            due = tell["viewers"] if now_s >= tell["join_s"] else int(tell["viewers"] * now_s / tell["join_s"])
            for _ in range(min(due - self.joined, 10)):
                self.join()
            for fd, _ in self._poll.poll(0.005 if self.joined < tell["viewers"] else 0.1, 512):
                self._read(fd)

    def _read(self, fd: int) -> None:
        chain = self._chains[fd]
        try:
            if not chain.left and not self._begin(chain):
                return
            while chain.left:
                got = chain.socket.recv_into(SCRATCH, chain.left, socket.MSG_TRUNC)
                if not got:
                    raise ConnectionResetError("the server hung up")
                chain.left -= got
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(fd, str(error))
            return
        self._finish(fd, chain)

    def _begin(self, chain: Chain) -> bool:
        """Read a head; whether its body may be there."""
        data = chain.socket.recv(FIRST_BYTES)
        end = data.find(b"\r\n\r\n")
        at = data.find(b"Content-Length: ")
        if end < 0 or at < 0 or data[9:12] != b"200":
            raise ConnectionAbortedError(f"answer {data[:15].decode(errors='replace') or 'none: hung up'}")
        chain.left = int(data[at + 16 : data.find(b"\r", at)]) - (len(data) - end - 4)
        self.bytes += len(data) + chain.left
        return True

    def _finish(self, fd: int, chain: Chain) -> None:
        self.responses += 1
        if chain.is_media:
            now_ns = time.time_ns()
            made_ns = (chain.number * self._parts + chain.part + 1) * self._part_ns + self._publish_ns
            if made_ns >= self._count_from_ns:
                self.late_ms.append((now_ns - made_ns) / 1e6)
        chain.part += 1
        if chain.part == self._parts:
            chain.number, chain.part = chain.number + 1, 0
        try:
            self._ask(chain)
        except OSError as error:
            self._lose(fd, str(error))

    def _lose(self, fd: int, why: str) -> None:
        self.failed[why] += 1
        self._poll.unregister(fd)
        self._chains.pop(fd).socket.close()

    def expected(self, until_ns: int) -> int:
        """How many parts ought to have come in the time that counts, up to `until_ns`."""
        periods = max(
            0,
            (until_ns - self._publish_ns) // self._part_ns - (self._count_from_ns - self._publish_ns) // self._part_ns,
        )
        return int(periods) * self.joined * len(self._tell["tracks"])


def main() -> None:
    """The process."""
    tell = json.loads(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    viewers = Viewers(tell)
    used_s, began_s = time.process_time(), time.monotonic()
    viewers.play()
    took_s = time.monotonic() - began_s
    late = sorted(viewers.late_ms)
    part_ms, needed_ms = tell["part_s"] * 1000, (2 * tell["part_s"] - tell["publish_s"]) * 1000
    step = max(1, len(late) // 2000)
    figures = {
        "joined": viewers.joined,
        "responses": viewers.responses,
        "bytes": viewers.bytes,
        "parts": len(late),
        "parts_expected": viewers.expected(time.time_ns() - int(needed_ms * 1e6)),
        "parts_late": sum(ms > needed_ms for ms in late),
        "parts_next_late": sum(ms > part_ms for ms in late),
        "late_ms": late[::step],
        "failed": dict(viewers.failed),
        "took_s": took_s,
        "cpu_s": time.process_time() - used_s,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
