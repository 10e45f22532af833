"""Words: figures as a person reads them, the same on the terminal and in the report. What is unknown is a dash."""

import re
from collections.abc import Mapping, Sequence

NONE = "–"
BARS = " ▁▂▃▄▅▆▇█"


def short(figure: str) -> str:
    """A figure without zeros that say nothing: `2.50 s` is `2.5 s`; nothing at all is `0`."""
    figure = re.sub(r"(\.\d*?)0+(?= |$)", r"\1", figure)
    figure = re.sub(r"\.(?= |$)", "", figure)
    return "0" if re.match(r"0(?: |$)", figure) else figure


def bound(sentence: str) -> str:
    """A sentence in which no figure is parted from its unit at the end of a line."""
    return re.sub(r"(?<=\d) (?=(?:ms|s|min|h|%|[kMG]b/s|[kMGT]B)\b|%)", "\u00a0", sentence)


def whole(n: float) -> str:
    """`3,000`."""
    return f"{n:,.0f}"


def duration(ms: float | None) -> str:
    """Milliseconds as `412 ms`, `1.24 s` or `14.2 s`."""
    if ms is None:
        return NONE
    if abs(ms) < 9.95:
        return f"{ms:.1f} ms"
    if abs(ms) < 999.5:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.2f} s" if abs(ms) < 9_995 else f"{ms / 1000:.1f} s"


def length(s: float) -> str:
    """Seconds as `45 s`, `2 min 05 s` or `1 h 30 min`."""
    if s < 60:
        return f"{s:.0f} s" if s >= 10 or s == int(s) else f"{s:.1f} s"
    minutes, seconds = divmod(round(s), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s" if seconds else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def clock(s: float) -> str:
    """Seconds as `1:05` or `1:02:05`."""
    minutes, seconds = divmod(max(0, int(s)), 60)
    return f"{minutes}:{seconds:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def share(ratio: float | None) -> str:
    """A ratio as `0.02 %`, `99.98 %` or `100 %`; only what is whole is shown as whole."""
    if ratio is None:
        return NONE
    percent = ratio * 100
    if percent in (0, 100):
        return f"{percent:.0f} %"
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.99 < percent < 100:
        return "> 99.99 %"
    return short(f"{percent:.2f} %" if percent < 10 or percent > 90 else f"{percent:.1f} %")


def cores(cpu: float | None) -> str:
    """Share of a core as `62 %`."""
    return NONE if cpu is None else f"{cpu * 100:.0f} %"


def rate(mbps: float) -> str:
    """Megabits a second as `840 kb/s`, `12.4 Mb/s` or `3.61 Gb/s`."""
    if mbps < 1:
        return f"{mbps * 1000:.0f} kb/s"
    if mbps < 1000:
        return f"{mbps:.1f} Mb/s" if mbps < 100 else f"{mbps:.0f} Mb/s"
    return f"{mbps / 1000:.2f} Gb/s"


def volume(nbytes: float) -> str:
    """Bytes as `840 kB`, `12.4 MB` or `3.61 GB`."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if nbytes >= size:
            return f"{nbytes / size:.3g} {unit}" if nbytes < 999.5 * size else f"{nbytes / size:,.0f} {unit}"
    return f"{nbytes / 1e3:.0f} kB"


def unusual(statuses: Mapping[str, int]) -> dict[str, int]:
    """Statuses other than 200 and 206, the most frequent first."""
    odd = {status: count for status, count in statuses.items() if status not in {"200", "206"}}
    return dict(sorted(odd.items(), key=lambda item: (-item[1], item[0])))


def spark(values: Sequence[float | None], width: int = 40, top: float = 0.0) -> str:
    """The last `width` values as bars from zero to the greatest, or to `top`; a gap where one is unknown."""
    kept = values[-width:]
    top = max((value for value in kept if value is not None), default=0.0) if top <= 0 else top
    if top <= 0:
        return "".join(" " if value is None else BARS[1] for value in kept)
    steps = len(BARS) - 1
    return "".join(" " if value is None else BARS[max(1, min(steps, round(value / top * steps)))] for value in kept)
