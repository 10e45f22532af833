"""Source keeper: the supervisor's part in which input of the event is on the air.

What enters: an operator's orders, from the control socket, and the origin's reports. What leaves: orders to the origin,
asked again until it answers; to the studio of this machine, if there is one, the order that stands, at once; and that
order as a part of the configuration with which either is started again. The origin has the last word: studios elsewhere
and operators elsewhere ask it.
"""

import asyncio
from typing import Any

from ringside.cli.supervisor import Child, Supervisor
from ringside.core.errors import RingsideError

PATIENCE_S = 5.0  # less than an asker's own; an origin that is started again on a busy machine is there by then
AGAIN_S = 0.3  # a question is lost with an origin that is just being started again


class SourceKeeper:
    """Has one event's input changed, and passes on which it is."""

    def __init__(self, supervisor: Supervisor, origin: Child) -> None:
        self._supervisor, self._origin = supervisor, origin
        self.studio: Child | None = None
        self._asked = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    def __repr__(self) -> str:
        return f"<SourceKeeper {self._origin.config.get('source', {})}>"

    def hear(self, child: Child, report: dict[str, Any]) -> None:
        """A child's report."""
        if child is not self._origin:
            return
        if "source" in report:
            self._origin.config["source"] = order = report["source"]
            if self.studio is not None:
                self.studio.config["order"] = order
                self._supervisor.order(self.studio, order)
        waiting = self._answers.get(report.get("source_asked", 0))
        if waiting is not None and not waiting.done():
            waiting.set_result(report["source_answer"])

    async def answer(self, source: object = None) -> dict[str, Any]:
        """How the inputs are, once `source` ("auto": the best) is ordered if it is given. Raises RingsideError."""
        self._asked += 1
        asked, future = self._asked, asyncio.get_running_loop().create_future()
        self._answers[asked] = future
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not future.done():
                    self._supervisor.order(self._origin, {"source_asked": asked, "source": source})
                    await asyncio.wait([future], timeout=AGAIN_S)
        except TimeoutError:
            raise RingsideError("the origin does not answer; try again") from None
        finally:
            del self._answers[asked]
        told: dict[str, Any] = future.result()
        if "refused" in told:
            raise RingsideError(str(told["refused"]))
        return told
