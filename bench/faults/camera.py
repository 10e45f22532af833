"""Camera: sends a film by UDP in real time, over and over, and does what cameras do: falls silent, goes black, jumps.

What enters: where to send, and orders at any moment. What leaves: datagrams of seven packets. It is a thread, so that
whoever watches need not wait for it.
"""

import socket
import threading
import time
from collections import Counter
from types import TracebackType

from bench.faults import ts
from bench.faults.film import EPOCH_S, Film, Kind, film

TICKS = 90_000
BATCH = 7
SPAN_TICKS = TICKS // 100


class Camera:
    """One camera; `began_ticks` is what its clock says at first. Its orders take effect at once."""

    def __init__(self, port: int, epoch_s: int = EPOCH_S, began_ticks: int = 0) -> None:
        self._to = ("127.0.0.1", port)
        self._epoch_s = epoch_s
        self._film: Film = film("card", epoch_s)
        self.shows: Kind = "card"
        self._wanted: Film | None = None
        self._base = began_ticks
        self._sound_ticks = 0
        self._speaks = threading.Event()
        self._speaks.set()
        self._done = threading.Event()
        self._counters: Counter[int] = Counter()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self.sent = 0

    def __enter__(self) -> "Camera":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._speaks.set()
        self._thread.join(2)

    def show(self, kind: Kind) -> None:
        """Another film, from its key picture on."""
        self.shows, self._wanted = kind, film(kind, self._epoch_s)

    def silent(self) -> None:
        """Send nothing from now on; its clock goes on."""
        self._speaks.clear()

    def speak(self) -> None:
        """Send again."""
        self._speaks.set()

    def jump(self, seconds: float, sound_s: float = 0.0) -> None:
        """Its clock is so much later from now on; that of its sound by `sound_s` more."""
        self._base += round(seconds * TICKS)
        self._sound_ticks += round(sound_s * TICKS)

    @property
    def clock_s(self) -> float:
        """What its clock said when its film last began, as 33 bits of it are sent."""
        return self._base % ts.WRAP / TICKS

    def _send(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            began_s = time.monotonic()
            while not self._done.is_set():
                began_s = self._loop(out, began_s)

    def _loop(self, out: socket.socket, began_s: float) -> float:
        """One turn of the film, or less of it when another is wanted; when the next one begins."""
        batch: list[bytes] = []
        next_ticks = 0
        for due_ticks, packet in self._film.packets:
            if due_ticks >= next_ticks and batch:
                self._flush(out, batch)
            if due_ticks >= next_ticks:
                next_ticks = due_ticks + SPAN_TICKS
                if self._done.wait(max(0.0, began_s + due_ticks / TICKS - time.monotonic())):
                    return began_s
                if self._wanted is not None:
                    self._film, self._wanted = self._wanted, None
                    self._base += due_ticks
                    return began_s + due_ticks / TICKS
            batch.append(self._counted(ts.moved(packet, self._base, self._sound_ticks)))
        self._flush(out, batch)
        self._base += self._film.ticks
        return began_s + self._film.ticks / TICKS

    def _counted(self, packet: bytes) -> bytes:
        """With the next continuity counter of its stream."""
        number = ts.pid(packet)
        value = self._counters[number] & 15
        self._counters[number] += ts.has_payload(packet)
        return packet[:3] + bytes([packet[3] & 0xF0 | value]) + packet[4:]

    def _flush(self, out: socket.socket, batch: list[bytes]) -> None:
        for at in range(0, len(batch), BATCH):
            if self._speaks.is_set():
                out.sendto(b"".join(batch[at : at + BATCH]), self._to)
                self.sent += 1
        batch.clear()
