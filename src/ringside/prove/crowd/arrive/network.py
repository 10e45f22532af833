"""Network: how fast a viewer's line lets it read, and how far away it is.

A class name and a seed go in; a Link with a rate (bytes a second, lognormal around the class's median), a round trip
and, for bad hotel wifi, dips leaves. `Link.rate_at` is a pure function of time and seed: any moment can be asked for
again. A class is one of CLASSES, or one's own, written as rate and round trip: `3mbps`, `800kbps@120ms`.
Knows nothing of sockets: the engine reads no faster than the link says.
"""

import re
from dataclasses import dataclass
from math import exp, inf
from random import Random

from ringside.core.errors import Misconfigured

SLOW_BPS = 200_000
"""A slow reader's line: below the lowest rung of any usual ladder."""
RTT_SPREAD = 0.3
"""Sigma of the lognormal round trip, in every class that is not exact."""
_OWN = re.compile(r"(\d+(?:\.\d+)?)(k|m|g)bps(?:@(\d+(?:\.\d+)?)ms)?")
_SCALE = {"k": 1e3, "m": 1e6, "g": 1e9}
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Network:
    """A class of lines. `spread` is the sigma of the lognormal rate; a dip leaves `dip_share` of the rate."""

    name: str
    median_bps: float
    rtt_ms: float
    spread: float = 0.0
    dip_every_s: float = 0.0
    """There is one dip in each period of this length; 0: none."""
    dip_s: float = 0.0
    """A dip's greatest length."""
    dip_share: float = 1.0


CLASSES = {
    network.name: network
    for network in (
        Network("lan", inf, 0.0),
        Network("fibre", 100e6, 8.0, spread=0.5),
        Network("4g", 15e6, 45.0, spread=0.7),
        Network("hotel", 3e6, 90.0, spread=0.6, dip_every_s=20.0, dip_s=5.0, dip_share=0.05),
    )
}


@dataclass(frozen=True, slots=True)
class Link:
    """One viewer's line."""

    network: Network
    bytes_per_s: float
    """Away from dips; infinite on a `lan`."""
    rtt_ms: float
    seed: int

    def rate_at(self, t_s: float) -> float:
        """Bytes a second that the viewer can read `t_s` seconds into the crowd."""
        every_s = self.network.dip_every_s
        if not every_s:
            return self.bytes_per_s
        period = int(t_s // every_s)
        begins, lasts = _fractions(self.seed, period)
        length_s = self.network.dip_s * (0.2 + 0.8 * lasts)
        into_s = t_s - period * every_s - begins * (every_s - length_s)
        return self.bytes_per_s * (self.network.dip_share if 0 <= into_s < length_s else 1.0)


def named(name: str) -> Network:
    """The class of this name, or one's own (`3mbps@80ms`). Raises Misconfigured."""
    if name in CLASSES:
        return CLASSES[name]
    own = _OWN.fullmatch(name.lower())
    if own is None or not float(own[1]):
        known = ", ".join(CLASSES)
        raise Misconfigured(
            f"networks: there is no network class {name!r}; there are {known}, or a rate as in 3mbps@80ms"
        )
    return Network(name, float(own[1]) * _SCALE[own[2]], float(own[3] or 0))


def link(name: str, slow: bool, seed: int) -> Link:
    """The line of the viewer with this seed; a `slow` reader's has the class's round trip, but 100 to 200 kb/s."""
    network = named(name)
    rng = Random(seed)
    rate_bps, rtt_ms = network.median_bps, network.rtt_ms
    if network.spread:
        rate_bps *= exp(rng.gauss(0.0, network.spread))
        rtt_ms *= exp(rng.gauss(0.0, RTT_SPREAD))
    if slow:
        rate_bps = min(rate_bps, SLOW_BPS * rng.uniform(0.5, 1.0))
    return Link(network, rate_bps / 8, rtt_ms, seed)


def _fractions(seed: int, period: int) -> tuple[float, float]:
    """Two numbers in [0, 1) for a seed and a period (the finaliser of splitmix64)."""
    x = (seed + (period + 1) * 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    x ^= x >> 31
    return (x & 0xFFFFFFFF) / 2**32, (x >> 32) / 2**32
