"""Receivers of MPEG-TS over SRT: one that is called by an encoder, one that calls it.

Both are a Receiver: `receive` is called by one thread for ever, and everything is done in it. One sender is heard at a
time. Who may come in is the door's to say; it is asked in libsrt's own thread, so that nothing is waited for there. A
sender that has fallen silent is replaced by the next one with the right id and passphrase; one that is heard is only
where taking over is allowed.
"""

import logging
import time
from collections import deque
from typing import Any

from ringside.core.clock import Clock
from ringside.core.errors import RingsideError
from ringside.core.srt import Lost, Options, Refusal
from ringside.core.srt.socket import Poll, Socket, Srt, Stats
from ringside.core.telemetry import throttled
from ringside.flow.capture.srt.door import WHY, Door

log = logging.getLogger(__name__)

MESSAGES = 64  # taken at a time
SILENT_S = 0.8  # after which a sender may be replaced
AGAIN_S = 0.2  # between two calls
LOOK_S = 1.0  # between two looks at the counts


class Heard:
    """The connection that is heard, what was received over it, and over those before."""

    def __init__(self, poll: Poll) -> None:
        self.socket: Socket | None = None
        self.heard_s = 0.0
        self.count = 0
        self.trouble = ""
        self._poll = poll
        self._looked_s = 0.0
        self._stats: Stats | None = None
        self._peer = ""

    def begin(self, connection: Socket, now_s: float) -> None:
        """Hear this one from now on; the one before is hung up."""
        self.end("")
        self.socket, self.heard_s, self._looked_s, self._stats = connection, now_s, 0.0, None
        self._peer, self.trouble = connection.peer, ""
        self.count += 1
        self._poll.add(connection)
        self.look(now_s)

    def end(self, trouble: str) -> None:
        """Hang up. `trouble`: why nothing comes any more."""
        self.trouble = trouble
        if self.socket is not None:
            self._poll.remove(self.socket)
            self.socket.close()
            self.socket = None

    def read(self, now_s: float) -> bytes:
        """What has come."""
        parts: list[bytes] = []
        if self.socket is not None:
            try:
                while len(parts) < MESSAGES and (message := self.socket.receive()):
                    parts.append(message)
            except Lost as error:
                self.end(str(error))
        if parts:
            self.heard_s = now_s
        return b"".join(parts)

    def look(self, now_s: float) -> None:
        """Note the counts, once a second: a connection that has broken does not give them any more."""
        if self.socket is not None and now_s - self._looked_s >= LOOK_S:
            self._looked_s, self._stats = now_s, self.socket.stats() or self._stats

    def describe(self) -> dict[str, Any]:
        """For the status page."""
        stats = self._stats
        told: dict[str, Any] = {"peer": self._peer if self.socket is not None else "", "senders": self.count}
        if stats is not None:
            told |= {"rtt_ms": stats.rtt_ms, "latency_ms": stats.latency_ms, "received": stats.received}
            told |= {"lost": stats.lost, "dropped": stats.dropped, "undecrypted": stats.undecrypted}
        return told


class _Receiving:
    """What both tell of the connection that is heard."""

    ends = False

    def __init__(self, srt: Srt) -> None:
        self._poll = Poll(srt)
        self._heard = Heard(self._poll)

    @property
    def sender(self) -> int:
        """How many connections have been heard."""
        return self._heard.count

    @property
    def trouble(self) -> str:
        """Why the last one is not heard any more."""
        return self._heard.trouble


class Listening(_Receiving):
    """Waits to be called. Raises Misconfigured when the port cannot be had."""

    def __init__(
        self, srt: Srt, host: str, port: int, options: Options, door: Door, clock: Clock, takeover: bool = False
    ) -> None:
        self._door, self._takeover = door, takeover
        self._say_refused = throttled(log, clock)
        self._turned_away: deque[tuple[str, Refusal]] = deque(maxlen=16)  # filled by libsrt's thread
        self.refused = 0
        super().__init__(srt)
        try:
            self._listener = srt.listen(host, port, options, self._judge)
        except RingsideError:
            self._poll.close()
            raise
        self.port = self._listener.port
        self._poll.add(self._listener)
        self._encrypted = bool(options.passphrase)

    def __repr__(self) -> str:
        return f"<Listening on {self.port}, {self._heard.count} senders, {self.refused} refused>"

    def receive(self, within_s: float) -> bytes | None:
        """What the sender has sent."""
        found = self._poll.wait(within_s)
        now_s = time.monotonic()
        while self._turned_away:
            peer, refusal = self._turned_away.popleft()
            self._say_refused(f"srt: %d callers were turned away, lastly {peer}: {WHY[refusal]}", 1)
        if self._listener.number in found:
            self._accept(now_s)
        data = self._heard.read(now_s)
        self._heard.look(now_s)
        return data

    def status(self) -> dict[str, Any]:
        """Counts of the connection, and of callers turned away."""
        return {**self._heard.describe(), "refused": self.refused}

    def close(self) -> None:
        """Hang up, and listen no more."""
        self._heard.end("")
        self._listener.close()
        self._poll.close()

    def _accept(self, now_s: float) -> None:
        while (caller := self._listener.accept()) is not None:
            if self._encrypted and not caller.encrypted:  # libsrt enforces it; who listens here wants to be sure
                caller.close()
                continue
            if self._heard.socket is not None:
                log.warning("srt: %s takes the place of the sender before it", caller.peer)
            self._heard.begin(caller, now_s)
            log.info("srt: %s sends", caller.peer)

    def _judge(self, stream_id: str, peer: str) -> str | Refusal:
        """Called by libsrt's thread: look, and leave."""
        heard = self._heard
        speaks = heard.socket is not None and time.monotonic() - heard.heard_s < SILENT_S
        said = self._door.judge(stream_id, busy=speaks and not self._takeover)
        if isinstance(said, Refusal):
            self.refused += 1
            self._turned_away.append((peer, said))
        return said


class Calling(_Receiving):
    """Calls an encoder that listens, again and again until it answers."""

    port = 0

    def __init__(self, srt: Srt, host: str, port: int, options: Options) -> None:
        self._srt, self._host, self._there, self._options = srt, host, port, options
        super().__init__(srt)
        self._call: Socket | None = None
        self._again_s = 0.0

    def __repr__(self) -> str:
        return f"<Calling {self._host}:{self._there}, {self._heard.count} senders>"

    def receive(self, within_s: float) -> bytes | None:
        """What the encoder has sent."""
        now_s = time.monotonic()
        if self._heard.socket is None:
            self._dial(now_s)
        if self._heard.socket is None:
            time.sleep(min(within_s, 0.02 if self._call is not None else AGAIN_S))
            return b""
        self._poll.wait(within_s)
        now_s = time.monotonic()
        data = self._heard.read(now_s)
        self._heard.look(now_s)
        if self._heard.socket is None:
            self._again_s = now_s + AGAIN_S
        return data

    def status(self) -> dict[str, Any]:
        """Counts of the connection."""
        return self._heard.describe()

    def close(self) -> None:
        """Hang up."""
        self._heard.end("")
        self._give_up()
        self._poll.close()

    def _dial(self, now_s: float) -> None:
        """Begin to call, or see what has become of it."""
        if self._call is None:
            if now_s < self._again_s:
                return
            try:
                self._call = self._srt.connect(self._host, self._there, self._options)
            except Lost as error:
                self._heard.trouble, self._again_s = str(error), now_s + AGAIN_S
        elif self._call.connected:
            connection, self._call = self._call, None
            self._heard.begin(connection, now_s)
            log.info("srt: %s:%d is heard", self._host, self._there)
        elif not self._call.calling:
            self._heard.trouble, self._again_s = self._call.rejected, now_s + AGAIN_S
            self._give_up()

    def _give_up(self) -> None:
        if self._call is not None:
            self._call.close()
            self._call = None
