"""A child's end of its channel to the supervisor: orders in, reports out, end-of-file means end."""

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

from ringside.core.clock import Wall
from ringside.core.errors import RingsideError

log = logging.getLogger(__name__)


class Channel:
    """JSON lines to and from the supervisor. The first line, the configuration, is read before the loop runs."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._rest = b""
        self.config: dict[str, Any] = json.loads(self._first_line())

    def _first_line(self) -> bytes:
        data = b""
        while b"\n" not in data:
            piece = self._socket.recv(65536)
            if not piece:
                raise SystemExit(0)
            data += piece
        line, self._rest = data.split(b"\n", 1)
        return line

    def clock(self) -> Wall:
        """The clock that all processes of this supervisor go by, also those that are started again later."""
        return Wall(self.config.get("clock_offset_ns"))

    def report(self, **report: Any) -> None:
        """Tell the supervisor. A report that finds no room is lost and logged: the supervisor is not reading."""
        try:
            self._socket.sendall(json.dumps(report).encode() + b"\n")
        except BlockingIOError:
            log.warning("the supervisor does not read; a report is lost: %s", report)
        except OSError:
            log.debug("the supervisor is gone")

    def fatal(self, error: RingsideError) -> None:
        """Report a fault that a restart cannot mend."""
        self.report(fatal=str(error), status=error.exit_status)

    async def listen(self, on_order: Callable[[dict[str, Any]], None]) -> None:
        """Deliver orders until the supervisor is gone."""
        loop = asyncio.get_running_loop()
        duplicate = self._socket.dup()
        duplicate.setblocking(False)
        data, self._rest = self._rest, b""
        try:
            while True:
                *lines, data = data.split(b"\n")
                for line in lines:
                    on_order(json.loads(line))
                piece = await loop.sock_recv(duplicate, 65536)
                if not piece:
                    return
                data += piece
        except ConnectionError:
            return
        finally:
            duplicate.close()
