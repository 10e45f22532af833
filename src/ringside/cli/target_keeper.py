"""Target keeper: the supervisor's part in the event's target latency.

What enters: orders, from the control socket or from whoever sheds load, and the origin's reports. What leaves: orders
to the origin, until it reports that they are carried out; and the newest schedule, for those who ask, and as a part of
the configuration with which the origin is started again.
"""

import asyncio
from typing import Any

from ringside.cli.supervisor import Child, Supervisor
from ringside.core.errors import RingsideError
from ringside.flow.origin.target import milliseconds

PATIENCE_S = 5.0  # less than an asker's own; an origin that is started again on a busy machine is there by then
AGAIN_S = 0.3  # an order is lost with an origin that is just being started again


class TargetKeeper:
    """Knows the target of one event, and has it changed."""

    def __init__(self, supervisor: Supervisor, origin: Child) -> None:
        self._supervisor = supervisor
        self._origin = origin
        self._heard = asyncio.Event()

    def __repr__(self) -> str:
        return f"<TargetKeeper {self.schedule}>"

    @property
    def schedule(self) -> dict[str, Any]:
        """The newest that the origin has reported; empty before its first report."""
        schedule: dict[str, Any] = self._origin.config.get("target", {})
        return schedule

    def hear(self, child: Child, report: dict[str, Any]) -> None:
        """A child's report."""
        if child is self._origin and "target" in report:
            self._origin.config["target"] = report["target"]
            self._heard.set()

    async def answer(self, target_s: object = None) -> dict[str, Any]:
        """The schedule, once `target_s` has been ordered if it is given. Raises RingsideError with a sentence."""
        try:
            to_ms = None if target_s is None else milliseconds(target_s)
        except ValueError as error:
            raise RingsideError(str(error)) from None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not self.schedule or to_ms not in (None, self.schedule["target_ms"]):
                    await self._order(to_ms)
        except TimeoutError:
            raise RingsideError("the origin does not answer; try again") from None
        return self.schedule

    async def _order(self, to_ms: int | None) -> None:
        self._heard.clear()
        if to_ms is not None:
            self._supervisor.order(self._origin, {"target_ms": to_ms})
        try:
            async with asyncio.timeout(AGAIN_S):
                await self._heard.wait()
        except TimeoutError:
            pass
