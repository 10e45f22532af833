"""A sender of MPEG-TS over SRT for the tests: our own caller, and where libsrt is missing, a reason to skip."""

import time
from dataclasses import dataclass

import pytest

from ringside.core.srt import NoSrt, Options
from ringside.core.srt.socket import MESSAGE_BYTES, Socket, Srt

KEY = "correct-horse-battery"


def library() -> Srt:
    try:
        return Srt.load()
    except NoSrt as missing:
        pytest.skip(str(missing))


@dataclass
class Sender:
    """Calls a port of this machine. `rejected` says why it was not let in; empty: it was."""

    port: int
    stream_id: str = "van"
    passphrase: str = KEY

    def __post_init__(self) -> None:
        options = Options(120, self.stream_id, self.passphrase, 2000)
        self.socket: Socket = library().connect("127.0.0.1", self.port, options)
        while self.socket.calling:
            time.sleep(0.002)
        self.rejected = "" if self.socket.connected else self.socket.rejected

    def send(self, data: bytes, seconds: float = 0.5) -> None:
        """`data`, spread over a time."""
        parts = [data[at : at + MESSAGE_BYTES] for at in range(0, len(data), MESSAGE_BYTES)]
        begun = time.monotonic()
        for n, part in enumerate(parts):
            while not self.socket.send(part):
                time.sleep(0.002)
            time.sleep(max(0.0, begun + seconds * n / len(parts) - time.monotonic()))

    def close(self) -> None:
        self.socket.close()
