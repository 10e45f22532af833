"""Desk: who is publishing which track, and the bodies of their requests in the order in which they began.

Bodies' bytes enter, messages leave. One publisher holds a track: whoever has a request open on it, or (encoders that
put one object at a time) has sent something within the last two seconds. A newcomer is refused unless takeover is
configured or the holder has gone silent. Only studios that say who they are (`Ringside-Studio`) hold a track together,
up to four of them, and select has the choice; but not two of one name. Objects of one publisher may overlap on several
connections: they are taken one after another, the later ones waiting in a bounded buffer.
"""

import itertools
from collections import deque
from dataclasses import dataclass, field

from ringside.core.boxes import BoxError, Init, Raw, Splitter
from ringside.core.feed import Message
from ringside.core.media import NS_PER_S
from ringside.core.studio import NOBODY, Studio
from ringside.flow.origin.config import Config
from ringside.flow.origin.ingest import Target
from ringside.flow.origin.intake import Intake
from ringside.flow.origin.publish import Publisher
from ringside.flow.origin.refused import Refused
from ringside.flow.origin.select import MOST_CANDIDATES
from ringside.flow.origin.studios import Studios

SILENT_NS = 2 * NS_PER_S
MOST_WAITING_BYTES = 8 * 2**20
MOST_OPEN = 4  # requests of one publisher on one track


@dataclass(slots=True, eq=False)
class Body:
    """The body of one request that publishes `track`."""

    track: str
    stream: bool
    studio: Studio
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
        self._intake = Intake(publisher, publisher.timeline, config.select_wait_s)
        self._takeover = config.takeover
        self._holders: dict[tuple[str, str], _Holder] = {}  # by track and studio
        self._sessions = itertools.count(1)
        self._introduced: set[str] = set()  # tracks whose header has come

    def start(self, target: Target, who: str, now_ns: int, studio: Studio = NOBODY) -> tuple[Body, list[Body]]:
        """A request begins: its body, and the bodies of a publisher that it replaces. Raises Refused 409."""
        name, key = target.track, (target.track, studio.name)
        body = Body(name, target.kind == "stream", studio)
        replaced: list[Body] = []
        for rival, holder in self._rivals(name, studio):
            if rival != key or not self._may_share(holder, who, body):
                self._check_replaceable(rival, holder, now_ns)
                replaced += holder.bodies
                self._dismiss(rival, holder)
        if (holder_now := self._holders.get(key)) is None:
            if len([track for track, _ in self._holders if track == name]) >= MOST_CANDIDATES:
                raise Refused(409, f"track {name} already has {MOST_CANDIDATES} studios")
            self._publisher.announce(name, now_ns)
            self._publisher.attend(name, True)
            holder_now = self._holders[key] = _Holder(who, now_ns)
        holder = holder_now
        if len(holder.bodies) >= MOST_OPEN:
            raise Refused(429, f"track {name} already has {MOST_OPEN} requests open")
        holder.bodies.append(body)
        return body, replaced

    def _rivals(self, track: str, studio: Studio) -> list[tuple[tuple[str, str], _Holder]]:
        """Who cannot hold the track together with that studio: who has its name, and who has none."""
        return [
            (key, holder)
            for key, holder in self._holders.items()
            if key[0] == track and (key[1] == studio.name or not key[1] or not studio.name)
        ]

    def _may_share(self, holder: _Holder, who: str, body: Body) -> bool:
        """The same publisher goes on with its next object, or comes back after its stream was cut."""
        if not holder.bodies:
            return holder.who == who
        return holder.who == who and not body.stream and not any(each.stream for each in holder.bodies)

    def _check_replaceable(self, key: tuple[str, str], holder: _Holder, now_ns: int) -> None:
        silent = now_ns - holder.heard_ns > SILENT_NS
        idle = not holder.bodies and holder.session == -1
        if not (self._takeover or silent or idle):
            by = f"a studio named {key[1]}; give this one another --name" if key[1] else "somebody else"
            raise Refused(409, f"track {key[0]} is being published by {by}")

    def _dismiss(self, key: tuple[str, str], holder: _Holder) -> None:
        for body in holder.bodies:
            body.cut_off = body.over = True
        if holder.session >= 0:
            self._intake.close(holder.session)
        self._holders.pop(key, None)
        self._publisher.attend(key[0], any(track == key[0] for track, _ in self._holders))

    def feed(self, body: Body, data: bytes, now_ns: int) -> tuple[list[Message], Refused | None]:
        """More of a body: what follows from it, and why the rest of it is refused, if it is."""
        holder = self._holders.get((body.track, body.studio.name))
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
        key = (body.track, body.studio.name)
        holder = self._holders.get(key)
        body.over = True
        if body.cut_off or holder is None:
            return []
        out: list[Message] = []
        while holder.bodies and holder.bodies[0].over:
            done = holder.bodies.popleft()
            if holder.bodies:
                out += self._catch_up(holder, now_ns)
            elif done.stream:
                self._dismiss(key, holder)  # the track is free at once
                out += self._intake.tick(now_ns)
        return out

    def _catch_up(self, holder: _Holder, now_ns: int) -> list[Message]:
        head = holder.bodies[0]
        data, head.waiting = bytes(head.waiting), bytearray()
        out, refused = self._take(holder, head, data, now_ns)
        if refused is not None:
            head.over = head.cut_off = True  # its connection hears of it with its next bytes
        return out

    def _take(self, holder: _Holder, body: Body, data: bytes, now_ns: int) -> tuple[list[Message], Refused | None]:
        """Take bytes of the body whose turn it is. What came before a fault stays taken."""
        out: list[Message] = []
        try:
            for unit in body.splitter.feed(data) if data else []:
                out += self._take_unit(holder, body, unit, now_ns)
        except BoxError as error:
            return out, Refused(400, f"track {body.track}: {error}")
        except Refused as refused:
            return out, refused
        return out, None

    def _take_unit(self, holder: _Holder, body: Body, unit: Init | Raw, now_ns: int) -> list[Message]:
        if isinstance(unit, Raw):
            if holder.session < 0:
                self._begin(holder, body, self._header_of_before(body))
            return self._intake.chunk(holder.session, unit.data, now_ns)
        self._begin(holder, body, unit.data)
        return []

    def _begin(self, holder: _Holder, body: Body, header: bytes) -> None:
        session = next(self._sessions)
        self._intake.header(session, body.track, header, body.studio)
        self._introduced.add(body.track)
        if holder.session >= 0:
            self._intake.close(holder.session)
        holder.session = session

    def _header_of_before(self, body: Body) -> bytes:
        """Of a track of an origin that is no more, which this one took up: an encoder of objects sends it but once."""
        lane = self._publisher.lanes.get(body.track)
        if body.stream or lane is None or lane.window.rules.foreseen or body.track in self._introduced:
            raise Refused(400, f"track {body.track}: media came before its CMAF header; send the header first")
        return lane.track.init

    @property
    def studios(self) -> Studios:
        """The encoders that are locked to the event's timeline, and which of them is taken."""
        return self._intake.studios

    def tick(self, now_ns: int) -> list[Message]:
        """Many times a second."""
        for key, holder in list(self._holders.items()):
            if not holder.bodies and now_ns - holder.heard_ns > 30 * SILENT_NS:
                self._dismiss(key, holder)
        return self._intake.tick(now_ns) + self._publisher.tick(now_ns)
