"""What a lane will do when its time has come: ask, or hear that asking failed. The newest of a lane counts."""

from time import monotonic
from typing import TYPE_CHECKING

from ringside.prove.crowd.engine.session import Session, Waiting
from ringside.prove.crowd.player.base import Failure

if TYPE_CHECKING:
    from ringside.prove.crowd.engine.engine import Engine


class Later:
    """A request to be sent, or its failure to be told, when the time has come: the newest of its lane counts."""

    __slots__ = ("_engine", "_failure", "_session", "_waiting")

    def __init__(self, engine: "Engine", session: Session, waiting: Waiting, failure: Failure | None) -> None:
        self._engine = engine
        self._session = session
        self._waiting = waiting
        self._failure = failure

    def __call__(self) -> None:
        """Its time has come."""
        session, (lane, request, url, hops) = self._session, self._waiting
        if session.later is None or session.later.get(lane) is not self:
            return
        session.later[lane] = None
        if self._failure is None:
            self._engine.send(session, lane, request, monotonic(), url, hops)
        else:
            self._engine.tell_failure(session, lane, request, self._failure)
