"""Facts: what a verdict says, in sentences and tiles. Pure words: the page lays them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringside.prove.crowd.report import words

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: its name, itself, what belongs to it, and `good`, `bad` or nothing."""

    name: str
    figure: str
    detail: str
    mood: str = ""


def mood(verdict: Document) -> str:
    """`void`, `bad`, `fair` or `good`."""
    if verdict["saturated"]:
        return "void"
    if not verdict["joined"]:
        return "bad"
    if verdict["failed"] or verdict["no_picture"] or verdict["stalls"]:
        return "fair"
    return "good"


def headline(verdict: Document) -> str:
    """The answer in one sentence."""
    arrived, joined = verdict["arrived"], verdict["joined"]
    if not arrived:
        return "Nobody came."
    if not joined:
        return f"None of {words.whole(arrived)} viewers got a picture."
    first = words.duration(verdict["ttff_ms"]["max"])
    if joined == arrived:
        came = "viewers" if arrived == verdict["viewers"] else "who came"
        who = f"All {words.whole(arrived)} {came}" if arrived > 1 else "The viewer"
        return f"{who} had a picture within {first}, and {_stalled(verdict)}."
    who = f"{words.whole(joined)} of {words.whole(arrived)} viewers"
    return f"{who} had a picture within {first}, and {_stalled(verdict)}."


def _stalled(verdict: Document) -> str:
    count = verdict["stalled_viewers"]
    if not count:
        return "nobody stalled"
    return f"{words.whole(count)} stalled" if count > 1 else "one stalled"


def standfirst(verdict: Document) -> str:
    """What else there is to know at once."""
    for_s = words.length(verdict["duration_s"])
    if not verdict["joined"]:
        why = next(iter({**verdict["failures"], **verdict["problems"]}), "")
        return f"In {for_s} no first frame was shown{f'; most often: {why}' if why else ''}."
    latency, spread = verdict["latency_ms"]["p50"], verdict["spread_ms"]["p50"]
    parts = [f"For {for_s} they watched"]
    if latency is None:
        parts.append("a stream that does not say when it was captured, so latency could not be measured")
    else:
        parts.append(f"{words.duration(latency)} behind live")
        if spread is not None:
            parts.append(f"and within {words.duration(spread)} of one another")
    peak = verdict["throughput_peak_mbps"]
    return " ".join(parts) + f", drawing up to {words.rate(peak)} from the server."


def tiles(verdict: Document) -> list[Tile]:
    """The figures that matter, the most telling first."""
    return [*_people(verdict), *_pictures(verdict), *_machines(verdict)]


def _people(verdict: Document) -> list[Tile]:
    arrived, failed, ttff = verdict["arrived"], verdict["failed"], verdict["ttff_ms"]
    without = verdict["no_picture"]
    trouble = [f"{words.whole(failed)} failed"] + ([f"{words.whole(without)} without a picture"] if without else [])
    ratio = verdict["stall_ratio"]
    stalls = f"{words.whole(verdict['stalls'])} stalls, longest {words.duration(verdict['stall_ms']['max'])}"
    return [
        Tile(
            "Joined",
            words.whole(verdict["joined"]),
            f"of {words.whole(arrived)}; {', '.join(trouble)}",
            "bad" if failed or verdict["joined"] < arrived else "good",
        ),
        Tile("First frame", words.duration(ttff["p50"]), f"half of them; 99 % within {words.duration(ttff['p99'])}"),
        Tile(
            "Time spent stalled",
            words.share(ratio),
            stalls if verdict["stalls"] else "no stall at all",
            "bad" if verdict["stalls"] else ("good" if ratio is not None else ""),
        ),
    ]


def _pictures(verdict: Document) -> list[Tile]:
    latency, spread, on_time = verdict["latency_ms"], verdict["spread_ms"], verdict["on_time_ratio"]
    return [
        Tile("Behind live", words.duration(latency["p50"]), f"95 % within {words.duration(latency['p95'])}"),
        Tile("Spread", words.duration(spread["p50"]), f"between viewers; at worst {words.duration(spread['max'])}"),
        Tile("Media on time", words.share(on_time), "before the player needed it", "good" if on_time == 1 else ""),
    ]


def _machines(verdict: Document) -> list[Tile]:
    odd = words.unusual(verdict["statuses"])
    replies = sum(verdict["statuses"].values())
    good = replies - sum(odd.values())
    refused = any(status >= "400" for status in odd) or bool(verdict["problems"])
    others = ", ".join(f"{status} × {words.whole(count)}" for status, count in list(odd.items())[:2])
    cpu = verdict["generator_cpu"]
    return [
        Tile(
            "Throughput", words.rate(verdict["throughput_peak_mbps"]), f"peak; {words.volume(verdict['bytes'])} in all"
        ),
        Tile(
            "Answered 200",
            words.share(good / replies if replies else None),
            f"of {words.whole(verdict['requests'])} requests" + (f"; {others}" if others else ""),
            "bad" if refused else "good",
        ),
        Tile(
            "Generator",
            words.cores(cpu),
            f"of a core; {words.duration(verdict['loop_lag_ms']['p99'])} late (p99)",
            "bad" if verdict["saturated"] else "good",
        ),
    ]
