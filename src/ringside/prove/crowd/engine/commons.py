"""What all viewers of a process share (World): requests, what was read from bodies, and the server's clock.

Every table is bounded; what falls out is made anew.
"""

from typing import TYPE_CHECKING, Any

from ringside.prove.crowd.engine import wire
from ringside.prove.crowd.player.base import Failure, Kind, Request

if TYPE_CHECKING:
    from ringside.prove.crowd.engine.connection import Connection

REMEMBERED = 20_000
BODIES = 64
MEDIA = (Kind.INIT, Kind.MEDIA)


class Commons:
    """The World that players see."""

    def __init__(self, wall_offset_s: float) -> None:
        self.utc_offset_s = wall_offset_s
        self._wall_offset_s = wall_offset_s
        self._date_floor_s = float("-inf")
        self._requests: dict[tuple[str, Kind], Request] = {}
        self._tables: dict[str, dict[Any, Any]] = {}
        self._plain: dict[bytes, bytes] = {}

    def request(self, url: str, kind: Kind, *, keep: bool = False, grows: bool = False, object: Any = None) -> Request:
        """The one Request for this URL and purpose (a media playlist may have been taken for a manifest first)."""
        known = self._requests.get((url, kind))
        if known is None:
            if len(self._requests) >= REMEMBERED:
                for old in list(self._requests)[: REMEMBERED // 2]:
                    del self._requests[old]
            known = self._requests[url, kind] = Request(url, kind, keep=keep, grows=grows, object=object)
        return known

    def shared(self, key: str) -> dict[Any, Any]:
        """A table by name."""
        return self._tables.setdefault(key, {})

    def note_date(self, head: wire.Head, now_s: float) -> None:
        """What a reply's Date says of the server's clock: ours will do where it does not contradict.

        Date is cut to the second and may be older than the reply, so the greatest difference seen comes closest.
        """
        head.news = False
        if head.date_s is None or head.aged:
            return
        ahead_s = head.date_s - now_s
        if ahead_s > self._date_floor_s:
            self._date_floor_s = ahead_s
            ours_s = self._wall_offset_s - ahead_s
            self.utc_offset_s = self._wall_offset_s if -0.1 <= ours_s < 1.1 else ahead_s

    def decode(self, body: bytes, encoding: str) -> bytes | Failure:
        """A body with its content coding undone, each distinct one once."""
        plain = self._plain.get(body)
        if plain is None:
            try:
                plain = wire.decode(body, encoding)
            except wire.Malformed:
                return Failure.UNREADABLE
            if plain is None:
                return Failure.TOO_LARGE
            if len(self._plain) >= BODIES:
                self._plain.clear()
            self._plain[body] = plain
        return plain

    def unfit(self, connection: "Connection", request: Request) -> Failure | None:
        """Why a body cannot be used: its coding cannot be undone, or it stands for media and is a page, or nothing."""
        if request.kind in MEDIA and connection.status in (200, 206) and (connection.document or not connection.nbytes):
            return Failure.UNREADABLE
        if connection.encoding and connection.body:
            plain = self.decode(connection.body, connection.encoding)
            if isinstance(plain, Failure):
                return plain
            connection.body = plain
        return None
