"""The chart of docs/multicast.md, drawn from bench/out/multicast-*.json: plain SVG, legible by day and by night.

Left: what leaves the sender and, by unicast, the origin, for each number of gateways; how late a gateway is. Right: how
much of the bytes each loss cost by unicast repair, beside what was lost. What was not measured is left out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.picture import LEFT, PANEL, RIGHT, Panel, newest, picture, text

Bar = tuple[str, str, float, str]
"""What, its colour's class, its value, the words behind it."""
Group = tuple[str, Sequence[Bar]]

BAR, GAP, BETWEEN = 15, 4, 16
LABEL, WORDS = 84, 150


def write(measured: Mapping[str, Any], path: Path) -> None:
    """Draw what there is of `offload` and `loss`; nothing when there is none of it."""
    left = offload(measured.get("offload", {}).get("result", {}))
    late = delay(measured.get("delay", {}).get("result", {}).get("losses", {}))
    right = loss(measured.get("loss", {}).get("result", {}).get("cases", {}))
    if not left and not right and not late:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(draw(left, late, right, under(measured)))


def draw(left: Sequence[Group], late: Sequence[Group], right: Sequence[Group], words: str) -> str:
    """The whole picture; what is late stands below what it takes, to a scale of its own."""
    counted, fetched = "leaving the server's interface, as that counts", "of the bytes: lost, and fetched by unicast"
    return picture(
        "One stream out, any number of edges fed",
        Panel("What feeding the edges takes", counted, [*panel(LEFT, left), *panel(LEFT, late, height(left))]),
        Panel("What a lossy network costs", fetched, panel(RIGHT, right)),
        max(height(left) + height(late), height(right)),
        words,
    )  # fmt: skip


def offload(result: Mapping[str, Any]) -> list[Group]:
    """For each number of gateways: by multicast, and by unicast (measured, or reckoned from an edge's)."""
    groups: list[Group] = []
    for number, row in result.get("multicast", {}).items():
        there = result["unicast"].get(number)
        alone = there["origin_bps"] if there else result["edge_bps"] * int(number)
        bars = [
            ("multicast", "o", row["sender_bps"], rate(row["sender_bps"])),
            ("unicast", "n" if there else "m", alone, rate(alone) + ("" if there else ", reckoned")),
        ]
        groups.append((f"{number} gateway{'s' if int(number) > 1 else ''}", bars))
    return groups


def loss(cases: Mapping[str, Any]) -> list[Group]:
    """For each case: the share lost and the share fetched again, with the stalls that viewers had."""
    groups: list[Group] = []
    for one in cases.values():
        sums, stalls = one["counted"], one["crowd"]["stalls"]
        bars = [
            ("lost", "m", sums["lost_share"], share(sums["lost_share"])),
            ("by unicast", "o", sums["repair_share"], share(sums["repair_share"])),
        ]
        people = one["gateways"] * one["viewers"]
        groups.append((f"{one['case']}: {stalls} stall{'' if stalls == 1 else 's'}, {people} viewers", bars))
    return groups


def delay(losses: Mapping[str, Any]) -> list[Group]:
    """How much later than an edge fed by HTTP a gateway has a part, for each loss."""
    bars: list[Bar] = []
    for lost, row in losses.items():
        p50, p95 = (row["added_ms"].get(q, 0.0) for q in ("p50", "p95"))
        bars.append((f"{lost} % lost", "p", max(0.0, p95), f"{p95:.0f} ms (p50 {p50:.0f} ms)"))
    return [("a part later than by HTTP, p95", bars)] if bars else []


def rate(bps: float) -> str:
    """Bits a second, as people write them."""
    return f"{bps / 1e6:.2f} Mb/s" if bps >= 1e6 else f"{bps / 1e3:.0f} kb/s"


def share(value: float) -> str:
    """A share in per cent."""
    return f"{100 * value:.2f} %"


def height(groups: Sequence[Group]) -> int:
    """How high a panel is."""
    return sum(18 + len(bars) * (BAR + GAP) + BETWEEN for _, bars in groups)


def panel(x: int, groups: Sequence[Group], below: int = 0) -> list[str]:
    """Bars, all to one scale."""
    drawn: list[str] = []
    most = max((bar[2] for _, bars in groups for bar in bars), default=1.0) or 1.0
    y = 82 + below
    for name, bars in groups:
        drawn.append(text(x, y, name, "g"))
        y += 8
        for what, kind, value, words in bars:
            long = max(1.0, value / most * (PANEL - LABEL - WORDS))
            drawn.append(text(x, y + 12, what, "s"))
            drawn.append(f'<rect class="{kind}" x="{x + LABEL}" y="{y}" width="{long:.1f}" height="{BAR}" rx="2"/>')
            drawn.append(text(x + LABEL + long + 6, y + 12, words))
            y += BAR + GAP
        y += 10 + BETWEEN
    return drawn


def under(measured: Mapping[str, Any]) -> str:
    """Where and when it was measured."""
    facts = newest(measured)
    return f"python -m bench multicast · {facts['at']} · {facts['cores']} cores, {facts['cpu']} · {facts['commit']}"
