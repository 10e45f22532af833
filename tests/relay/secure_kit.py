"""An edge under TLS for tests: its certificate, visitors who trust it, and one who speaks HTTP/2."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from hyperframe.frame import Frame, GoAwayFrame
from tests.hostile.certificate import certificate
from tests.relay.edge_house import Viewer

from ringside.flow.relay.edge import Config

NOW, LATER = "20200101000000Z", "20990101000000Z"


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("pem"), NOW, LATER)


def over_tls(pem: Path, **more: Any) -> Config:
    return Config(host="127.0.0.1", port=0, tls_cert=pem, tls_key=pem, **more)


def trusting(alpn: str = "http/1.1", version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_alpn_protocols([alpn])
    if version is not None:
        made.maximum_version = version
    return made


def visitor(port: int, **options: Any) -> "asyncio.Future[Viewer]":
    return asyncio.ensure_future(Viewer.connect(port, ssl=trusting(**options)))


class Answer:
    """What came on one stream. `reset`: the error code that ended it before its time."""

    def __init__(self) -> None:
        self.status = 0
        self.fields: dict[str, str] = {}
        self.body = b""
        self.complete = False
        self.reset: int | None = None


class Visitor2:
    """Speaks HTTP/2 with the h2 library as a client; reads only while it waits for something."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int) -> None:
        self.reader, self.writer = reader, writer
        self.mind = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.answers: dict[int, Answer] = {}
        self.goaway: ConnectionTerminated | GoAwayFrame | None = None
        self.window = window  # bytes granted beyond what was read; 0: none are
        self.closed = False
        self.partial = b""

    @classmethod
    async def connect(cls, port: int, window: int = 1 << 24, hello: bool = True) -> "Visitor2":
        visitor = cls(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting("h2")), window)
        if not hello:
            return visitor
        visitor.mind.initiate_connection()
        if window:
            visitor.mind.increment_flow_control_window(window)
        visitor.flush()
        return visitor

    def flush(self) -> None:
        self.writer.write(self.mind.data_to_send())

    def ask(self, path: str, method: str = "GET", end: bool = True, **fields: Any) -> int:
        number = self.mind.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "https"), (":authority", "edge"), (":path", path)]
        self.mind.send_headers(
            number, [*pseudo, *((n.replace("_", "-"), v) for n, v in fields.items())], end_stream=end
        )
        if self.window:
            self.mind.increment_flow_control_window(self.window, number)
        self.answers[number] = Answer()
        self.flush()
        return number

    async def get(self, path: str, method: str = "GET", **fields: Any) -> Answer:
        return await self.answer(self.ask(path, method, **fields))

    async def answer(self, number: int) -> Answer:
        answer = self.answers[number]
        await self.read_until(lambda: answer.complete or answer.reset is not None)
        return answer

    async def read_until(self, true: Any, within_s: float = 10) -> None:
        """Take in what comes until something holds, or the connection has closed."""
        async with asyncio.timeout(within_s):
            while not true() and not self.closed:
                data = b""
                try:
                    data = await self.reader.read(65536)
                except OSError:
                    pass
                self.closed = not data
                for frame in self.frames(data):
                    for event in self.mind.receive_data(frame):
                        self.take(event)
                if not self.closed:
                    self.flush()

    def frames(self, data: bytes) -> Iterator[bytes]:
        """Whole frames of what has come, one by one."""
        self.partial += data
        while len(self.partial) >= 9 and len(self.partial) >= (size := 9 + int.from_bytes(self.partial[:3], "big")):
            frame, self.partial = self.partial[:size], self.partial[size:]
            yield frame

    async def hang_up(self) -> None:
        """Wait until the other end closes, whatever it says before; a GOAWAY is kept."""
        with contextlib.suppress(OSError):
            while data := await asyncio.wait_for(self.reader.read(65536), 10):
                for raw in self.frames(data):
                    frame, _ = Frame.parse_frame_header(memoryview(raw[:9]))
                    if isinstance(frame, GoAwayFrame):
                        frame.parse_body(memoryview(raw[9:]))
                        self.goaway = frame
        self.closed = True

    def take(self, event: Event) -> None:
        match event:
            case ResponseReceived():
                answer = self.answers[event.stream_id]
                answer.fields = {str(name): str(value) for name, value in event.headers}
                answer.status = int(answer.fields.pop(":status"))
            case DataReceived():
                self.answers[event.stream_id].body += event.data
                if self.window:
                    self.mind.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                self.answers[event.stream_id].complete = True
            case StreamReset():
                self.answers[event.stream_id].reset = int(event.error_code)
            case ConnectionTerminated():
                self.goaway = event  # the library would hear no more; but what was asked is still answered
                self.mind.state_machine.state = ConnectionState.CLIENT_OPEN
