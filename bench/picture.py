"""Picture: what the charts of the README share: a card with two panels side by side. Plain SVG, by day and by night.

What enters: the panels' headings and what is drawn below them, the line at the foot. What leaves: the file's text.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

WIDTH, PANEL, MARGIN = 960, 440, 28
LEFT, RIGHT = MARGIN, MARGIN + PANEL + 24
HEAD, FOOT = 66, 34
STYLE = """
.card{fill:#ffffff;stroke:#d0d7de}text{fill:#1f2328;font:13px system-ui,-apple-system,'Segoe UI',sans-serif}
.h{font-size:15px;font-weight:600}.s{fill:#59636e;font-size:12px}.g{font-weight:600}
.o{fill:#0969da}.p{fill:#54aeff}.v{fill:#9a6700}.n{fill:#6e7781}.m{fill:#afb8c1}
@media(prefers-color-scheme:dark){.card{fill:#0d1117;stroke:#3d444d}text{fill:#f0f6fc}.s{fill:#9198a1}
.o{fill:#388bfd}.p{fill:#79c0ff}.v{fill:#d29922}.n{fill:#8b949e}.m{fill:#565e68}}
"""


class Panel(NamedTuple):
    """One half: a title, a sentence below it, and what is drawn there, from y = HEAD on."""

    title: str
    sentence: str
    drawn: Sequence[str]


def picture(label: str, left: Panel, right: Panel, inner: int, under: str, style: str = "") -> str:
    """The whole file; `inner` is how high the higher panel is, `style` what is added to STYLE."""
    height = HEAD + inner + FOOT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            f' role="img" aria-label="{escape(label)}">',
            f"<style>{STYLE}{style}</style>",
            f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
            *_panel(LEFT, left),
            *_panel(RIGHT, right),
            text(MARGIN, height - 14, under, "s"),
            "</svg>",
            "",
        ]
    )


def _panel(x: int, panel: Panel) -> list[str]:
    return [text(x, 32, panel.title, "h"), text(x, 50, panel.sentence, "s"), *panel.drawn]


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Words that begin at (x, y); `kind` is a class of STYLE."""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{escape(words)}</text>'


def newest(measured: Mapping[str, Any]) -> dict[str, Any]:
    """The circumstances of whatever was measured last."""
    facts: dict[str, Any] = max((each["measured"] for each in measured.values()), key=lambda each: str(each["at"]))
    return facts
