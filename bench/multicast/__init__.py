"""One stream out, any number of edges fed: `python -m bench multicast [SCENARIO...] [--seconds S]`.

A whole chain of this project (live, multicast send, edges that are gateways, crowds behind them) in hosts of their own
on a bridge that listens to IGMP: loss is nftables', bytes are what the interfaces count. Each scenario prints its table
and writes bench/out/multicast-SCENARIO.json; the chart is drawn anew from all there is. `--quick` only shows that
everything works: its figures are kept apart. Where namespaces are not allowed it says so, and leaves out what cannot be
lost or counted on loopback.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.lab import choose
from tests.lab.host import Unavailable

from bench.multicast import chart
from bench.multicast.options import parse
from bench.scenarios import Bench

SCENARIOS = ("offload", "loss", "delay", "speed", "cut", "check", "fuzz")


def merged(_: str, before: Any, result: Any) -> Any:
    """Cases stand beside those measured before."""
    return {**result, "cases": {**before["cases"], **result["cases"]}} if "cases" in result else result


def network() -> Mapping[str, str]:
    """In what kind of network the hosts are."""
    return {"network": choose().how}


BENCH = Bench("multicast", SCENARIOS, chart.write, merged, network, (Unavailable,))


def main(words: Sequence[str] = ()) -> None:
    """Run the scenarios named, or all; exit status 1 where one of them failed."""
    BENCH.run(parse(words, SCENARIOS))
