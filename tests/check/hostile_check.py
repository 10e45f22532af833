"""A check of one misbehaving URL, in a process of its own: what it found or said, how long, how much memory."""

from typing import Any

from tests.hostile.pool import Cost

from ringside.core.errors import RingsideError
from ringside.prove.check import run
from ringside.prove.check.seen import Fetch
from ringside.prove.check.watch.fetch import Client

SECONDS = 1.0
PATIENCE_S = 4.0


class Impatient(Client):
    """The judge's client, for whom four seconds are enough."""

    async def get(self, *arguments: Any, total_s: float = PATIENCE_S, **more: Any) -> Fetch:
        """As any, in no more than PATIENCE_S."""
        return await super().get(*arguments, total_s=min(total_s, PATIENCE_S), **more)


def examine(url: str, seconds: float = SECONDS) -> dict[str, Any]:
    """The check's document (or only `fault`, its sentence), with `took_s` and `grew_bytes`, peak memory gained."""
    run.Client = Impatient  # type: ignore[misc]
    cost = Cost()
    document: dict[str, Any] = {"fault": ""}
    try:
        document |= run.check(url, seconds).to_json()
    except RingsideError as error:
        document["fault"] = str(error)
    return document | cost.so_far()
