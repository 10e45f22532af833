"""The chart that the README shows, drawn from bench/out/sync-*.json: plain SVG, legible by day and by night.

Left: how far behind the source each path is, to the median, the 95th percentile and the most, with the mark that the
95th percentile is to stay below. Right: how far apart the pictures on the screens are, second by second (p95 of each).
What was not measured is left out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.picture import MARGIN, PANEL, RIGHT, Panel, newest, picture, text

FIGURES, ROW = 150, 62
PLOT_H, PLOT_GAP = 92, 38
STYLE = """
.line{fill:none;stroke:#0969da;stroke-width:1.5}.axis{stroke:#d0d7de}.mark{stroke:#9a6700;stroke-dasharray:4 3}
.thin{stroke:#0969da;stroke-width:2}.dot{fill:#ffffff}
@media(prefers-color-scheme:dark){.line,.thin{stroke:#388bfd}.axis{stroke:#3d444d}.mark{stroke:#d29922}
.dot{fill:#0d1117}}
"""

Row = tuple[str, Mapping[str, float], float | None]
"""What, its summary of milliseconds, the mark it is to stay below."""
Line = tuple[str, Sequence[float], float]
"""What, milliseconds by second, the mark."""


def write(measured: Mapping[str, Any], path: Path) -> None:
    """Draw what there is of `latency`, `spread` and `move`; nothing when there is none of it."""
    rows, lines = latency_rows(measured), spread_lines(measured)
    if not rows and not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(draw(rows, lines, _under(measured)))


def latency_rows(measured: Mapping[str, Any]) -> list[Row]:
    """A row for each case of `latency` that was played; of one with a player of each path, a row for each."""
    rows: list[Row] = []
    for one in measured.get("latency", {}).get("result", {}).values():
        if "not_played" in one or one["strayed"] or not one["latency_ms"]["n"]:
            continue
        if one["goal_ms"] is not None:
            rows.append((one["case"], one["latency_ms"], one["goal_ms"]))
    return rows


def spread_lines(measured: Mapping[str, Any]) -> list[Line]:
    """A line for each spread that was followed."""
    lines: list[Line] = []
    names = {"same": "on one path", "paths": "on different paths"}
    for case, one in measured.get("spread", {}).get("result", {}).items():
        if one["spread_by_second_ms"] and not one["strayed"]:
            name = f"{len(one['players'])} players {names[case]}, target {one['target_ms'] / 1000:g} s"
            lines.append((name, one["spread_by_second_ms"], one["goal_ms"]))
    for one in measured.get("move", {}).get("result", {}).values():
        if one["moved_spread_by_second_ms"] and not one["strayed"]:
            name = f"{len(one['players'])} players, target moved from 1 s to 3 s ({one['case']})"
            lines.append((name, one["moved_spread_by_second_ms"], one["goal_ms"]))
    return lines


def draw(rows: Sequence[Row], lines: Sequence[Line], under: str) -> str:
    """The whole picture."""
    plots = [_plot(RIGHT, 74 + number * (PLOT_H + PLOT_GAP), line) for number, line in enumerate(lines)]
    behind = "Strip written to frame displayed: median, p95, most; dashed: p95's goal"
    apart = "Newest minus oldest frame, p95 of each second; dashed: the goal"
    return picture(
        "How far behind the source, and how far apart",
        Panel("How far behind the source", behind, [_ranges(rows)]),
        Panel("How far apart the screens are", apart, plots),
        max(len(rows) * ROW + 10, len(lines) * (PLOT_H + PLOT_GAP)),
        under,
        STYLE,
    )


def _ranges(rows: Sequence[Row]) -> str:
    most = max((max(row[1]["p99"], row[2] or 0) for row in rows), default=1.0) * 1.1
    scale = (PANEL - FIGURES) / most
    out = []
    for number, (name, summary, goal) in enumerate(rows):
        y = 92 + number * ROW
        median, p95, last = (min(summary[key], most) * scale for key in ("p50", "p95", "max"))
        out.append(text(MARGIN, y - 8, name, "g"))
        out.append(f'<rect class="p" x="{MARGIN}" y="{y}" width="{p95:.1f}" height="16" rx="2"/>')
        out.append(f'<rect class="o" x="{MARGIN}" y="{y}" width="{median:.1f}" height="16" rx="2"/>')
        out.append(f'<line class="thin" x1="{MARGIN + p95:.1f}" x2="{MARGIN + last:.1f}" y1="{y + 8}" y2="{y + 8}"/>')
        end = last
        if goal is not None:
            x, end = MARGIN + goal * scale, max(last, goal * scale)
            out.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 4}" y2="{y + 20}"/>')
        words = f"{summary['p50']:.0f}, {summary['p95']:.0f}, {summary['max']:.0f} ms"
        out.append(text(MARGIN + end + 8, y + 13, words))
    return "\n".join(out)


def _plot(x: float, y: float, line: Line) -> str:
    name, values, goal = line
    top, bottom = y + 14, y + PLOT_H
    most = max(*values, goal) * 1.15
    step = (PANEL - 40) / max(1, len(values) - 1)

    def height(value: float) -> float:
        return bottom - value / most * (bottom - top)

    points = " ".join(f"{x + number * step:.1f},{height(value):.1f}" for number, value in enumerate(values))
    return "\n".join(
        [
            text(x, y + 4, name, "g"),
            f'<line class="axis" x1="{x}" x2="{x + PANEL - 40}" y1="{bottom}" y2="{bottom}"/>',
            f'<line class="mark" x1="{x}" x2="{x + PANEL - 40}" y1="{height(goal):.1f}" y2="{height(goal):.1f}"/>',
            f'<polyline class="line" points="{points}"/>',
            text(x + PANEL - 34, height(goal) + 4, f"{goal:.0f} ms", "s"),
            text(x, bottom + 16, f"{len(values)} s", "s"),
        ]
    )


def _under(measured: Mapping[str, Any]) -> str:
    facts = newest(measured)
    return (
        f"python -m bench sync · {facts['at']} · headless Chromium, 360p30, {facts['cores']} cores · {facts['commit']}"
    )
