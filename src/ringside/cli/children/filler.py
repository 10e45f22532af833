"""The filler process of an edge: it takes from the origin and feeds the workers; what it is lives in relay/fill.

Here it is wired to the supervisor, and to the gathering that becomes `/status.json` and `/metrics`.
"""

import gc
import os
from typing import Any

from ringside.cli.children.channel import Channel
from ringside.cli.children.merge import multicast_metrics, upstream_metrics
from ringside.cli.children.status import Gathering
from ringside.core.feed import Message
from ringside.core.telemetry import Rates
from ringside.flow.relay import fill, gateway
from ringside.flow.relay.fill.aio import run_filler
from ringside.flow.relay.gateway.aio import beside

PATIENCE_S = 1.5  # an origin that has not answered yet is no news


class Process:
    """What the filler process holds besides the filler."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.clock = channel.clock()
        self.gathering = Gathering(channel.config["event"], self.clock)
        self._upstream: dict[str, Any] = {}
        self._multicast: dict[str, Any] = {}
        self._state = self._group = ""
        self._far = False
        self._switches = 0
        self._rates = Rates()

    def tell(self, told: dict[str, Any]) -> None:
        """What the filler tells of its origin, once a second; the supervisor and the log hear of a new state."""
        upstream, now_ns = told.get("origin", {}), self.clock.now_ns()
        pulls, bits = upstream.get("pulls", 0), upstream.get("pulled_bytes", 0) * 8
        rates = self._rates.take(now_ns, requests_per_s=pulls, bits_per_s=bits)
        rounded = {name: round(rate, 2) for name, rate in rates.items()}
        self._upstream = {**upstream, **rounded, "pid": os.getpid()}
        self._compare(upstream)
        self._moved(upstream)
        self._of_group(told.get("multicast", {}))
        state = str(upstream.get("state", ""))
        young = now_ns - upstream.get("since_ms", 0) * 10**6 < PATIENCE_S * 1e9
        if state == self._state or (state == "unreachable" and young):
            return
        self._state = state
        self.channel.report(upstream=state)
        self.gathering.note(f"the origin is {state}")

    def _of_group(self, multicast: dict[str, Any]) -> None:
        """What feeds a gateway, the group or the origin; a line where that has changed."""
        self._multicast = multicast
        state = str(multicast.get("state", ""))
        if state == self._group:
            return
        if self._group and "group" in (state, self._group):
            self.channel.report(multicast="group" if state == "group" else "bridge")
            why = f": {multicast['why']}" if multicast.get("why") else ""
            self.gathering.note("the group feeds this edge" if state == "group" else f"the origin feeds this edge{why}")
        self._group = state

    def _moved(self, upstream: dict[str, Any]) -> None:
        """A line for the status page when media comes from another origin than before."""
        switches = upstream.get("switches", 0)
        if switches > self._switches:
            self.gathering.note(f"media is taken from {upstream['url']} now; {upstream['why']}")
        self._switches = switches

    def _compare(self, upstream: dict[str, Any]) -> None:
        """A line for the status page when our clock and the origin's have come apart, or together again."""
        far = bool(upstream.get("clock_far"))
        if far != self._far:
            self._far = far
            self.gathering.note(fill.clock_sentence(upstream))

    def order(self, order: dict[str, Any]) -> None:
        """From the supervisor: what the other processes do, and what is worth a line on the status page."""
        self.gathering.order(order)

    def documents(self) -> list[Message]:
        """`/status.json`, `/metrics` and `/moq.json`, as of now."""
        status = self.gathering.edge_status(self._upstream, self._state or "waiting", self._multicast)
        rows = [*upstream_metrics(self._upstream), *multicast_metrics(self._multicast)]
        return self.gathering.documents(status, rows, "filler")


def run(channel: Channel) -> None:
    """Entry point; returns when terminated or orphaned. Raises Misconfigured when the origin's address is wrong."""
    process = Process(channel)
    gc.collect()
    gc.freeze()  # what is here stays: to look through it again and again would hold up media, most on a busy machine
    config, group = fill.Config.model_validate(channel.config["fill"]), channel.config.get("multicast")
    run_filler(
        config,
        channel.config["feed"],
        process.clock,
        on_ready=lambda mode: channel.report(ready=True, mode=mode),
        alongside=lambda: channel.listen(process.order),
        tell=process.tell,
        on_report=process.gathering.take_worker,
        documents=process.documents,
        beside=beside(gateway.Config.model_validate(group), config.origin) if group else None,
    )
