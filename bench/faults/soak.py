"""An hour with a random fault every 30 s: `python -m bench soak --faults --seconds 3600 --seed N`.

Two studios, two origins, an edge that knows both, a camera that fails; a crowd at the edge all the while, two players
in a real Chromium, `ringside check` again and again. The seed says what happens when; it is printed and taken back.
Every fault is a line: that it fired, and what viewers had of it. Ends with what they had of the whole hour.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.edge import measured
from bench.faults.audience import Audience, watching
from bench.faults.mishaps import MISHAPS, Night, night
from bench.faults.options import Options
from bench.harness import OUT, rss_bytes

SETTLE_S = 20.0
CHECK_S = 20.0
LATENESS_S = 1.0
"""Without a new part for longer than this, viewers at 2 s of delay come close to standing still."""


def main(words: Sequence[str] = ()) -> None:
    """Play the night; exit status 1 where a viewer stalled, a rule was broken or a fault did not fire."""
    told = parsed(words)
    console = Console(width=160, highlight=False)
    facts = measured()
    said = f"commit {facts['commit']}, {facts['at']}, {facts['cores']} cores, {facts['cpu']}, seed {told.seed}"
    console.print(f"{said}; {told.viewers} viewers, {told.screens} players in Chromium")
    options = Options(viewers=told.viewers, screens=told.screens, seed=told.seed)
    result = play(options, told.seconds, told.every, console)
    OUT.mkdir(exist_ok=True)
    file = OUT / "soak-faults.json"
    file.write_text(json.dumps({"measured": {**facts, "seed": told.seed}, "result": result}, indent=1) + "\n")
    console.print(f"figures: {file}")
    if result["failed"]:
        raise SystemExit("the night did not keep its bounds")


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m bench soak --faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0, help="how long (3600)")
    parser.add_argument("--every", type=float, default=30.0, help="seconds from fault to fault (30)")
    parser.add_argument("--viewers", type=int, default=300, help="of the crowd (300)")
    parser.add_argument("--screens", type=int, default=2, help="players in a real Chromium (2)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31), help="play the same again")
    return parser.parse_args(list(words))


def play(options: Options, seconds: float, every_s: float, console: Console) -> dict[str, Any]:
    """The whole night."""
    rng = random.Random(options.seed)
    rows: list[dict[str, Any]] = []
    with night() as those, watching(those.there, those.edge, options, seconds + SETTLE_S, check=False) as audience:
        audience.pause(SETTLE_S / 2)
        memory = [sizes(those)]
        while audience.ends_s - time.time() > every_s + SETTLE_S / 2:
            rows.append(mishap(those, rng, audience, every_s))
            console.print(line(len(rows), rows[-1]))
        memory.append(sizes(those))
        watched = audience.leave()
        account = audience.account
    faults = Counter(row["fault"] for row in rows)
    result: dict[str, Any] = {
        "seconds": seconds, "faults": dict(faults), "rows": rows, "memory_mb": memory, **watched.facts(),
        "sequence": len(account.breaches) + len(account.missing()), "breaches": account.breaches,
        "gaps": account.gaps(),
        "discontinuities": len(account.discontinuities), "unfired": sum(not row["fired"] for row in rows),
        "findings": sum(row["findings"] for row in rows),
    }  # fmt: skip
    summary = conclusion(result)
    console.print(summary)
    stalled = watched.stalls or watched.stalls_on_screens
    return {**result, "failed": bool(stalled or result["sequence"] or result["unfired"] or result["findings"])}


def mishap(those: Night, rng: random.Random, audience: Audience, every_s: float) -> dict[str, Any]:
    """One fault, and what viewers had of it until the next."""
    happens = rng.choice(MISHAPS)
    began_s = time.time()
    file = Path(those.there.folder) / "check.json"
    file.unlink(missing_ok=True)
    check = checking(those, file)
    fired = happens(those, rng, audience.pause)
    audience.pause(began_s + every_s - time.time())
    while check.poll() is None:
        audience.pause(0.5)
    found: dict[str, Any] = (
        json.loads(file.read_text()) if file.exists() else {"must": 1, "should": 0, "findings": ["no result"]}
    )
    seen = audience.screens(began_s)
    return {
        "at_s": round(began_s - audience.began_s), "fault": happens.__name__, "what": fired.what, "proof": fired.proof,
        "fired": fired.so, "took_s": round(time.time() - began_s, 1),
        "silence_s": round(audience.account.silence_s(began_s, time.time())[0], 2),
        "screens_stood_ms": [each for one in seen for each in one["stood_ms"]],
        "gaps": audience.account.gaps(began_s), "findings": found["must"] + found["should"], "found": found["findings"],
    }  # fmt: skip


def checking(those: Night, file: Path) -> "subprocess.Popen[bytes]":
    """`ringside check` at the edge while it happens."""
    url = f"{those.edge.live}/index.m3u8"
    command = [sys.executable, "-m", "ringside", "check", url, "--seconds", str(CHECK_S), "--json", str(file)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sizes(those: Night) -> dict[str, float]:
    """Memory by process, MB."""
    found: Counter[str] = Counter()
    for one in (*those.origins, *those.studios.values(), those.edge):
        for pid, role in one.tree().items():
            found[f"{one.name} {role}"] += rss_bytes(pid)
    return {name: round(size / 2**20, 1) for name, size in found.items()}


def line(number: int, row: dict[str, Any]) -> str:
    """A fault in a line."""
    stood = ", ".join(f"{each} ms" for each in row["screens_stood_ms"]) or "no"
    return (
        f"{number:4d} {row['at_s']:5d} s  {'' if row['fired'] else 'DID NOT FIRE: '}{row['what']} ({row['proof']}): no"
        f" new part for {row['silence_s']} s{'!' if row['silence_s'] > LATENESS_S else ''}, screens stood: {stood},"
        f" rules broken: {row['findings']}"
    )


def conclusion(result: dict[str, Any]) -> str:
    """The night in some lines."""
    crowd, screens = result["crowd"], result["screens"]
    happened = ", ".join(f"{name.replace('_', ' ')} {times}" for name, times in sorted(result["faults"].items()))
    seen = "; ".join(f"{one['player']}: {one['stalls']} stalls {one['stood_ms'][:5]}" for one in screens) or "none"
    return (
        f"{len(result['rows'])} faults ({happened}); {result['unfired']} did not fire\n"
        f"{crowd['joined']} viewers: {crowd['stalls']} stalls, {crowd['failed']} gave up,"
        f" {100 * crowd['on_time']:.3f} % of their media on time\n"
        f"Chromium: {seen}\n"
        f"numbers passed over or dates gone back: {result['sequence']}; GAP: {result['gaps']};"
        f" discontinuities: {result['discontinuities']}; rules broken: {result['findings']}"
    )
