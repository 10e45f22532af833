"""Plan: everything that a crowd is told, in one frozen model that travels as JSON to every process and machine.

Options of the command line go in; a Plan leaves in which every field and every pair of fields makes sense together,
or Misconfigured with one sentence that begins with the option at fault. Who comes when is `arrive`'s business.
Times are seconds from the crowd's start; shares are fractions between 0 and 1.
"""

import re
from collections.abc import Mapping
from math import fsum
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from ringside.core.errors import Misconfigured
from ringside.prove.crowd.arrive import network, trace
from ringside.prove.crowd.arrive.trace import Point

SURGE_PER_MINUTE = 0.043
"""Share of the peak that joined in a minute of Hotstar's largest matches."""
MAX_VIEWERS = 10_000_000
MAX_DURATION_S = 86_400.0
MAX_COMERS = 10_000_000
"""Viewers that ever come, those who replace others included."""
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[\t\x20-\x7e\x80-\xff]*")
_QUERY = re.compile(r"[\x21\x22\x24-\x7e]*")


class Plan(BaseModel):
    """What a crowd does. Build it as `Plan(url=..., ...)`; raises Misconfigured."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    url: str
    """A playlist, an MPD or a push response, http or https."""
    player: Literal["auto", "hls.js", "dash.js", "shaka", "push", "ringside"] = "auto"
    """Whose habits: `auto` is hls.js, dash.js or push, by the URL; `ringside` is our watch page, by the URL too."""
    low_latency: bool = True
    viewers: int = Field(100, ge=1, le=MAX_VIEWERS)
    """How many come, those who replace others not counted; with a trace, its peak (the curve is scaled to it)."""
    arrive: Literal["flash", "ramp", "poisson", "surge", "trace"] = "flash"
    over_s: float | None = Field(None, gt=0, le=MAX_DURATION_S)
    """Length of ramp, poisson or surge. None: half the duration; of a surge, 4.3 % of the peak a minute."""
    trace: tuple[Point, ...] = Field((), max_length=trace.MAX_POINTS)
    duration_s: float = Field(60.0, gt=0, le=MAX_DURATION_S)
    networks: dict[str, float] = {"lan": 1.0}
    """Share of the viewers by class of `network`."""
    slow: float = Field(0.0, ge=0, le=1)
    """Share of viewers that read more slowly than the lowest rung needs."""
    dvr: float = Field(0.0, ge=0, le=1)
    """Share of viewers that watch `dvr_s` behind live."""
    dvr_s: float = Field(60.0, gt=0, le=MAX_DURATION_S)
    leave: Literal["stay", "mass"] = "stay"
    leave_at_s: float | None = Field(None, ge=0)
    leave_over_s: float = Field(10.0, ge=0)
    churn_per_minute: float = Field(0.0, ge=0, le=1)
    """Share of those watching that leave in a minute, each replaced at once."""
    storm_at_s: float | None = Field(None, ge=0)
    """When connections drop and come back."""
    storm_share: float = Field(1.0, gt=0, le=1)
    headers: tuple[str, ...] = Field((), max_length=64)
    """`Name: value`, sent with each request."""
    query: str = Field("", max_length=8192)
    """Added to each URL."""
    cmcd: Literal[0, 1, 2] = 0
    cmcd_by: Literal["query", "header"] = "query"
    insecure: bool = False
    """The server's certificate is not verified."""
    seed: int = Field(1, ge=0, lt=2**63)
    processes: int = Field(1, ge=1, le=1024)
    lag_limit_ms: float = Field(100.0, gt=0)
    """Loop lag (p99) past which a process was the bottleneck."""
    cpu_limit: float = Field(0.9, gt=0, le=1)
    """Share of a core past which a process was the bottleneck."""

    @model_validator(mode="wrap")
    @classmethod
    def _one_sentence(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(_fill_from_trace(values))
        except ValidationError as error:
            raise Misconfigured(_sentence(error)) from None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        _check_url(self.url)
        _check_networks(self.networks)
        _check_arrivals(self)
        _check_times(self)
        _check_request(self)
        return self

    @property
    def arriving_s(self) -> float:
        """How long the arrivals take, seconds; those of a trace, as long as the trace."""
        if self.arrive == "flash":
            return 1.0
        if self.arrive == "trace":
            return self.trace[-1][0]
        if self.over_s is not None:
            return self.over_s
        return 60 / SURGE_PER_MINUTE if self.arrive == "surge" else self.duration_s / 2

    @staticmethod
    def parse_networks(text: str) -> dict[str, float]:
        """`fibre=0.7,4g=0.2,hotel=0.1` (or one class alone) as shares by class. Raises Misconfigured."""
        shares: dict[str, float] = {}
        for item in text.split(","):
            name, equals, share = (word.strip() for word in item.partition("="))
            if not name or name in shares:
                raise Misconfigured(f"networks: {text!r} names {'a class twice' if name else 'no class'} in {item!r}")
            try:
                shares[name] = float(share) if equals else 1.0
            except ValueError:
                raise Misconfigured(
                    f"networks: the share of {name} is {share!r}, not a number between 0 and 1"
                ) from None
        _check_networks(shares)
        return shares

    def to_json(self) -> dict[str, Any]:
        """The plan as a document of plain types."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Plan":
        """The plan that `to_json` wrote. Raises Misconfigured."""
        return cls.model_validate(document)


def _fill_from_trace(values: Any) -> Any:
    """A trace says how many viewers and how long, where the options do not."""
    if not isinstance(values, dict) or not values.get("trace"):
        return values
    try:
        peak, last_s = max(float(viewers) for _, viewers in values["trace"]), float(values["trace"][-1][0])
        return {"viewers": max(1, round(peak)), "duration_s": last_s or trace.STEP_S, **values}
    except (TypeError, ValueError, OverflowError):
        return values


def _sentence(error: ValidationError) -> str:
    """The first fault, as `slow: ... (it is 1.5)`."""
    fault = error.errors(include_url=False)[0]
    field = ".".join(str(step) for step in fault["loc"]) or "plan"
    if fault["type"] == "extra_forbidden":
        return f"{field}: a crowd has no such option"
    if fault["type"] == "missing":
        return f"{field}: is missing"
    reason = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    value = "" if isinstance(fault["input"], dict | list | tuple) else f" (it is {fault['input']!r})"
    return f"{field}: {reason[:1].lower()}{reason[1:]}{value}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or re.search(r"[\x00-\x20\x7f]", url):
        raise Misconfigured(f"url: {url!r} is not the URL of a stream: http://host[:port]/path or https://...")


def _check_networks(shares: Mapping[str, float]) -> None:
    for name, share in shares.items():
        network.named(name)
        if not 0 <= share <= 1:
            raise Misconfigured(f"networks: the share of {name} is {share:g}, not between 0 and 1")
    total = fsum(shares.values())
    if abs(total - 1) > 1e-6:
        raise Misconfigured(f"networks: the shares add up to {total:g}, not 1")


def _check_arrivals(plan: Plan) -> None:
    if plan.arrive == "trace":
        trace.check(plan.trace)
    elif plan.trace:
        raise Misconfigured(f"trace: is given, but arrive is {plan.arrive}")
    comers = trace.comers(plan.trace, plan.viewers) if plan.trace else plan.viewers
    if comers > MAX_COMERS:
        raise Misconfigured(f"trace: {comers} viewers would come and go, more than {MAX_COMERS}")
    if comers * (1 + plan.churn_per_minute * plan.duration_s / 60) > MAX_COMERS:
        raise Misconfigured(
            f"churn_per_minute: more than {MAX_COMERS} viewers would come and go in {plan.duration_s:g} s"
        )


def _check_times(plan: Plan) -> None:
    if plan.over_s is not None:
        if plan.arrive in {"flash", "trace"}:
            raise Misconfigured(f"over_s: {plan.arrive} has a length of its own")
        if plan.over_s > plan.duration_s:
            raise Misconfigured(
                f"over_s: arrivals over {plan.over_s:g} s do not fit duration_s of {plan.duration_s:g} s"
            )
    if plan.leave == "mass" and plan.leave_at_s is None:
        raise Misconfigured("leave_at_s: is missing: leave is mass, but it is not said when")
    if plan.leave == "stay" and plan.leave_at_s is not None:
        raise Misconfigured("leave_at_s: is given, but leave is stay")
    for name, at_s in (("leave_at_s", plan.leave_at_s), ("storm_at_s", plan.storm_at_s)):
        if at_s is not None and at_s >= plan.duration_s:
            raise Misconfigured(f"{name}: {at_s:g} s is not before the end, duration_s of {plan.duration_s:g} s")


def _check_request(plan: Plan) -> None:
    for header in plan.headers:
        if not _HEADER.fullmatch(header):
            raise Misconfigured(f"headers: {header!r} is not 'Name: value'")
    if not _QUERY.fullmatch(plan.query) or plan.query.startswith("?"):
        raise Misconfigured(f"query: {plan.query!r} cannot stand in a URL: no leading '?', blanks or '#'")
