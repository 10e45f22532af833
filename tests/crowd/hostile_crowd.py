"""A few viewers before one misbehaving URL, in a process of their own: what they counted, how long, how much memory.

The players are the stock ones with time-outs of about a second, so that a test need not wait for twenty.
"""

import threading
from dataclasses import replace
from math import inf
from typing import Any

from tests.hostile.pool import Cost

from ringside.core.errors import RingsideError
from ringside.prove.crowd import run
from ringside.prove.crowd.arrive.tickets import tickets
from ringside.prove.crowd.engine.habits import Habits
from ringside.prove.crowd.outfit import Outfit
from ringside.prove.crowd.plan import Plan

VIEWERS = 3
SECONDS = 3.0
FIRST_BYTE_S, WHOLE_S = 0.5, 1.2


class Impatient(Outfit):
    """Stock players whose requests time out soon; a stream that lasts for ever still may."""

    def _habits(self) -> Habits:
        habits = super()._habits()
        first_byte_s = {kind: min(limit_s, FIRST_BYTE_S) for kind, limit_s in habits.first_byte_s.items()}
        whole_s = {kind: limit_s if limit_s == inf else WHOLE_S for kind, limit_s in habits.whole_s.items()}
        return replace(habits, first_byte_s=first_byte_s, whole_s=whole_s)


def watch(url: str, hurried: bool = True, seconds: float = SECONDS) -> dict[str, Any]:
    """Watch `url`; the tally with `took_s`, `grew_bytes` (peak memory beyond that at the start) and `fault`."""
    run.Outfit = Impatient if hurried else Outfit  # type: ignore[misc]
    plan = Plan(url=url, viewers=VIEWERS, duration_s=seconds)
    cost = Cost()
    fault, tally = "", dict[str, Any]()
    try:
        result = run.run_share(plan, tickets(plan), lambda second: None, threading.Event())
        tally = result["tally"]
    except RingsideError as error:
        fault = str(error)
    return {**tally, **cost.so_far(), "fault": fault}
