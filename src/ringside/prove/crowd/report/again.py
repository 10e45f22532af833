"""Again: the command that plays the same crowd once more. Headers and query stay out: they may hold a token."""

import shlex
from collections.abc import Iterable
from typing import Any

from ringside.prove.crowd.plan import Plan

OPTIONS = {
    "over_s": "--over",
    "player": "--player",
    "dvr": "--dvr",
    "dvr_s": "--dvr-s",
    "slow": "--slow",
    "leave": "--leave",
    "leave_at_s": "--leave-at",
    "leave_over_s": "--leave-over",
    "churn_per_minute": "--churn",
    "storm_at_s": "--storm-at",
    "storm_share": "--storm-share",
    "cmcd": "--cmcd",
    "cmcd_by": "--cmcd-by",
    "processes": "--processes",
    "lag_limit_ms": "--lag-limit",
    "cpu_limit": "--cpu-limit",
}
"""Options that are shown where they differ from their defaults."""


def command(plan: Plan) -> str:
    """The command line of `plan`, quoted for a shell."""
    return shlex.join(["ringside", "crowd", *_words(plan)])


def _words(plan: Plan) -> Iterable[str]:
    yield plan.url
    yield from ("--viewers", str(plan.viewers), "--arrive", "trace=FILE" if plan.arrive == "trace" else plan.arrive)
    yield from ("--duration", _number(plan.duration_s))
    for name, option in OPTIONS.items():
        value = getattr(plan, name)
        if value is not None and value != Plan.model_fields[name].default:
            yield from (option, _number(value))
    if plan.networks != Plan.model_fields["networks"].default:
        yield from ("--networks", ",".join(f"{name}={_number(part)}" for name, part in plan.networks.items()))
    if not plan.low_latency:
        yield "--plain"
    if plan.insecure:
        yield "--insecure"
    yield from ("--seed", str(plan.seed))


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
