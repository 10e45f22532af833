"""Desk: who is publishing which track, and the bodies of their requests in the order in which they began.

Bodies' bytes enter, messages leave. One publisher holds a track: whoever has a request open on it, or (encoders that
put one object at a time) has sent something within the last two seconds. A newcomer is refused unless takeover is
configured or the holder has gone silent. Objects of one publisher may overlap on several connections: they
are taken one after another, the later ones waiting in a bounded buffer.
"""

import itertools
from collections import deque
from dataclasses import dataclass, field

from ringside.core.boxes import BoxError, Init, Raw, Splitter
from ringside.core.feed import Message
from ringside.core.media import NS_PER_S
from ringside.flow.origin.config import Config
from ringside.flow.origin.ingest import Target
from ringside.flow.origin.intake import Intake
from ringside.flow.origin.publish import Publisher
from ringside.flow.origin.refused import Refused

SILENT_NS = 2 * NS_PER_S
MOST_WAITING_BYTES = 8 * 2**20
MOST_OPEN = 4  # requests of one publisher on one track


@dataclass(slots=True, eq=False)
class Body:
    """The body of one request that publishes `track`."""

    track: str
    stream: bool
    splitter: Splitter = field(default_factory=Splitter)
    waiting: bytearray = field(default_factory=bytearray)
    over: bool = False
    cut_off: bool = False  # another publisher took the track


@dataclass(slots=True)
class _Holder:
    who: str
    heard_ns: int
    session: int = -1  # -1: no header so far
    bodies: deque[Body] = field(default_factory=deque)


class Desk:
    """All publishers of one event."""

    def __init__(self, publisher: Publisher, config: Config) -> None:
        self._publisher = publisher
        self._intake = Intake(publisher, publisher.timeline)
        self._takeover = config.takeover
        self._holders: dict[str, _Holder] = {}
        self._sessions = itertools.count(1)

    def start(self, target: Target, who: str, now_ns: int) -> tuple[Body, list[Body]]:
        """A request begins: its body, and the bodies of a publisher that it replaces. Raises Refused 409."""
        name = target.track
        holder = self._holders.get(name)
        body = Body(name, target.kind == "stream")
        replaced: list[Body] = []
        if holder is not None and not self._may_share(holder, who, body):
            self._check_replaceable(name, holder, now_ns)
            replaced = list(holder.bodies)
            self._dismiss(name, holder)
            holder = None
        if holder is None:
            self._publisher.announce(name, now_ns)
            holder = self._holders[name] = _Holder(who, now_ns)
        if len(holder.bodies) >= MOST_OPEN:
            raise Refused(429, f"track {name} already has {MOST_OPEN} requests open")
        holder.bodies.append(body)
        return body, replaced

    def _may_share(self, holder: _Holder, who: str, body: Body) -> bool:
        """The same publisher goes on with its next object, or comes back after its stream was cut."""
        if not holder.bodies:
            return holder.who == who
        return holder.who == who and not body.stream and not any(each.stream for each in holder.bodies)

    def _check_replaceable(self, name: str, holder: _Holder, now_ns: int) -> None:
        silent = now_ns - holder.heard_ns > SILENT_NS
        idle = not holder.bodies and holder.session == -1
        if not (self._takeover or silent or idle):
            raise Refused(409, f"track {name} is being published by somebody else")

    def _dismiss(self, name: str, holder: _Holder) -> None:
        for body in holder.bodies:
            body.cut_off = body.over = True
        if holder.session >= 0:
            self._intake.close(holder.session)
        self._holders.pop(name, None)

    def feed(self, body: Body, data: bytes, now_ns: int) -> tuple[list[Message], Refused | None]:
        """More of a body: what follows from it, and why the rest of it is refused, if it is."""
        holder = self._holders.get(body.track)
        if body.cut_off or holder is None:
            return [], Refused(409, f"track {body.track} was taken over by another publisher")
        holder.heard_ns = now_ns
        if holder.bodies[0] is not body:
            if len(body.waiting) + len(data) > MOST_WAITING_BYTES:
                return [], Refused(413, f"track {body.track}: too much waits for an earlier request to end")
            body.waiting += data
            return [], None
        return self._take(holder, body, data, now_ns)

    def check_whole(self, body: Body) -> None:
        """A body has come to its end. Raises Refused 400 when that is in the middle of a box."""
        if body.splitter.pending_bytes and not body.cut_off:
            raise Refused(400, f"track {body.track}: the request ends in the middle of a box")

    def finish(self, body: Body, now_ns: int) -> list[Message]:
        """A request is over, by its end or its connection's; the next body's bytes are taken."""
        holder = self._holders.get(body.track)
        body.over = True
        if body.cut_off or holder is None:
            return []
        out: list[Message] = []
        while holder.bodies and holder.bodies[0].over:
            done = holder.bodies.popleft()
            if holder.bodies:
                out += self._catch_up(holder, now_ns)
            elif done.stream:
                self._release(done.track, holder)
        return out

    def _catch_up(self, holder: _Holder, now_ns: int) -> list[Message]:
        head = holder.bodies[0]
        data, head.waiting = bytes(head.waiting), bytearray()
        out, refused = self._take(holder, head, data, now_ns)
        if refused is not None:
            head.over = head.cut_off = True  # its connection hears of it with its next bytes
        return out

    def _release(self, name: str, holder: _Holder) -> None:
        """A stream's publisher has gone: the track is free at once."""
        self._dismiss(name, holder)
        self._publisher.withdraw(name)

    def _take(self, holder: _Holder, body: Body, data: bytes, now_ns: int) -> tuple[list[Message], Refused | None]:
        """Take bytes of the body whose turn it is. What came before a fault stays taken."""
        out: list[Message] = []
        try:
            for unit in body.splitter.feed(data) if data else []:
                out += self._take_unit(holder, body.track, unit, now_ns)
        except BoxError as error:
            return out, Refused(400, f"track {body.track}: {error}")
        except Refused as refused:
            return out, refused
        return out, None

    def _take_unit(self, holder: _Holder, track: str, unit: Init | Raw, now_ns: int) -> list[Message]:
        if isinstance(unit, Raw):
            if holder.session < 0:
                raise Refused(400, f"track {track}: media came before its CMAF header; send the header first")
            return self._intake.chunk(holder.session, unit.data, now_ns)
        session = next(self._sessions)
        self._intake.header(session, track, unit.data)
        if holder.session >= 0:
            self._intake.close(holder.session)
        holder.session = session
        return []

    def tick(self, now_ns: int) -> list[Message]:
        """Ten times a second."""
        for name, holder in list(self._holders.items()):
            if not holder.bodies and now_ns - holder.heard_ns > 30 * SILENT_NS:
                self._release(name, holder)
        return self._intake.tick(now_ns) + self._publisher.tick(now_ns)
