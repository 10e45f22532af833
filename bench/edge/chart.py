"""The chart that the README shows, drawn from bench/out/edge.json: plain SVG, legible by day and by night.

Left: CPU per response and memory per held viewer, each group of bars to its own scale. Right: how long after the hold
of a cold URL its crowd has it. What was not measured is left out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.picture import LEFT, PANEL, RIGHT, Panel, newest, picture, text

Bar = tuple[str, str, float, str]
"""Who, its colour's class, its value, the words behind it."""
Group = tuple[str, Sequence[Bar]]

BAR, GAP, BETWEEN = 15, 4, 20
LABEL, WORDS = 100, 122  # room before a bar for its name, and behind it for its figure
CLASSES = {"nginx": "n", "nginx, lock": "n", "nginx, no lock": "m", "Varnish": "v", "ours": "o", "ours, fed": "p"}


def write(measured: Mapping[str, Any], path: Path) -> None:
    """Draw what there is of `responses`, `tls`, `memory` and `hold`; nothing when there is none of it."""
    left = _responses(measured) + _memory(measured.get("memory", {}).get("result", {}))
    right = _hold(measured.get("hold", {}).get("result", {}))
    if not left and not right:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(draw(left, right, _under(measured)))


def draw(left: Sequence[Group], right: Sequence[Group], under: str) -> str:
    """The whole picture."""
    most = max((bar[2] for _, bars in right for bar in bars), default=1.0)
    costs = "CPU for a response, memory for a held viewer; scales differ"
    late = "95 % of the clients have it so long after the hold"
    return picture(
        "The edge beside nginx and Varnish",
        Panel("What it costs the server", costs, [_panel(LEFT, left, None)]),
        Panel("One cold URL, held 200 ms at the origin", late, [_panel(RIGHT, right, most)]),
        max(_height(left), _height(right)),
        under,
    )


def _responses(measured: Mapping[str, Any]) -> list[Group]:
    groups: list[Group] = []
    for scenario, suffix in (("responses", ""), ("tls", ", TLS 1.3")):
        for name, row in measured.get(scenario, {}).get("result", {}).items():
            if "alike" in name or name == "ciphers":
                continue
            bars = [
                _bar(who, row[who]["cpu_us"], f"{row[who]['cpu_us']:.1f} µs")
                for who in ("ours", "nginx", "nginx, kept open", "Varnish")
                if who in row
            ]
            groups.append((name + suffix, bars))
    return groups


def _memory(result: Mapping[str, Any]) -> list[Group]:
    bars = [_bar(who, each["bytes"] / 1000, f"{each['bytes'] / 1000:.1f} kB") for who, each in result.items()]
    return [("memory for a held viewer", bars)] if bars else []


def _hold(result: Mapping[str, Any]) -> list[Group]:
    crowds = list(dict.fromkeys(clients for row in result.values() for clients in row))
    groups: list[Group] = []
    for clients in crowds:
        bars = []
        for who, row in result.items():
            each = row.get(clients)
            if each and each["over_ms"]:
                failed = f", {each['failed']} failed" if each["failed"] else ""
                bars.append(_bar(who, max(0.0, each["over_ms"]["p95"]), f"{each['over_ms']['p95']:.0f} ms{failed}"))
        groups.append((f"{int(clients):,} clients at once", bars))
    return groups


def _bar(who: str, value: float, words: str) -> Bar:
    return (who, CLASSES.get(who, "o" if who.startswith("ours") else "n"), value, words)


def _height(groups: Sequence[Group]) -> int:
    return sum(18 + len(bars) * (BAR + GAP) + BETWEEN for _, bars in groups)


def _panel(x: int, groups: Sequence[Group], most: float | None) -> str:
    out, y = [], 82
    for name, bars in groups:
        out.append(text(x, y, name, "g"))
        y += 8
        scale = (PANEL - LABEL - WORDS) / max(most or max(bar[2] for bar in bars), 1e-9)
        for who, kind, value, words in bars:
            long = max(1.0, value * scale)
            out.append(text(x, y + 12, who, "s"))
            out.append(f'<rect class="{kind}" x="{x + LABEL}" y="{y}" width="{long:.1f}" height="{BAR}" rx="2"/>')
            out.append(text(x + LABEL + long + 6, y + 12, words))
            y += BAR + GAP
        y += 10 + BETWEEN
    return "\n".join(out)


def _under(measured: Mapping[str, Any]) -> str:
    facts = newest(measured)
    machine = f"{facts['cores']} cores, {facts['cpu']}, server on one"
    return f"python -m bench edge · {facts['at']} · {machine} · {facts['commit']}"
