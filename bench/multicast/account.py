"""Account: what the gateways counted between two moments, summed; pure but for asking them.

What enters: two `multicast` objects of a gateway's status. What leaves: differences and the shares the bench reports.
"""

from collections.abc import Mapping, Sequence
from typing import Any

COUNTS = (
    "packets", "lost", "objects", "mended_by_fec", "mended_by_unicast", "missing",
    "group_bytes", "unicast_bytes", "unicast_cost_bytes",
)  # fmt: skip


def totals(health: Mapping[str, Any]) -> dict[str, int]:
    """A gateway's counts over all its tracks."""
    tracks = (health.get("tracks") or {}).values()
    return {name: sum(int(track.get(name, 0)) for track in tracks) for name in COUNTS} | {
        "unread": int(health.get("unread", 0)),
        "switches": int(health.get("switches", 0)),
        "in_all_group_bytes": int(health.get("group_bytes", 0)),
        "in_all_unicast_bytes": int(health.get("unicast_bytes", 0)),
        "in_all_unicast_cost_bytes": int(health.get("unicast_cost_bytes", 0)),
    }


def rose(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What was counted meanwhile."""
    return {name: after[name] - before.get(name, 0) for name in after}


def together(gateways: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """Several gateways' counts as one, with the shares: of packets lost, of bytes by unicast, of objects mended."""
    sums: dict[str, Any] = {name: sum(each[name] for each in gateways) for name in gateways[0]}
    sent = sums["packets"] + sums["lost"]
    cost = max(1, sums["unicast_cost_bytes"])
    sums["lost_share"] = sums["lost"] / max(1, sent)
    sums["repair_share"] = sums["unicast_bytes"] / cost
    sums["repair_per_loss"] = sums["repair_share"] / sums["lost_share"] if sums["lost_share"] else 0.0
    sums["offload"] = 1 - sums["repair_share"]
    return sums
