"""Noise against the edge's HTTP path: `python -m bench fuzz [--seed N] [--count N] [--seconds S]`.

A million spoilt heads, or as many as fit into a minute: nine tenths to the reader of heads, each of which is judged by
the grammar of RFC 9112 alone, the rest in conversations with a live edge that end in the middle. It prints the seed and
what was found; a seed given back gives the same noise. It ends with 1 where anything was found. `fuzz rtmp` is against
the RTMP server instead.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import uvloop

from bench import fuzz_rtmp
from bench.harness import write
from ringside.flow.relay.answer.keys import keyer
from ringside.flow.relay.answer.request import Reader

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "relay"))

from heads import spoilt, whole
from storm import Storm, check

LIVE_SHARE = 0.4  # of the time
HEADS_IN_A_TALK = 2.5


def main(words: list[str]) -> None:
    """Fuzz, print, and keep the result."""
    if words[:1] == ["rtmp"]:
        fuzz_rtmp.main(words[1:])
        return
    parser = argparse.ArgumentParser(prog="python -m bench fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--count", type=int, default=1_000_000, help="heads in all, at most")
    parser.add_argument("--seconds", type=float, default=60, help="in all, at most")
    options = parser.parse_args(words)
    print(f"seed {options.seed}", flush=True)
    live_s = options.seconds * LIVE_SHARE
    storms = [
        _storm(options.seed + i, int(options.count * 0.05 / HEADS_IN_A_TALK), live_s / 2, bool(i)) for i in (0, 1)
    ]
    read = _read(options.seed, int(options.count * 0.9), options.seconds - live_s)
    found = [fault for storm in storms for fault in storm.faults] + read["found"]
    result = {
        "seed": options.seed,
        "heads": read["heads"],
        "taken": read["taken"],
        "conversations": sum(storm.conversations for storm in storms),
        "bytes": sum(storm.bytes for storm in storms),
        "answers": sum(storm.answers for storm in storms),
        "found": found,
    }
    print(
        f"{result['heads']:,} heads read, {result['taken']:,} of them taken and understood as the grammar has them\n"
        f"{result['conversations']:,} conversations with a live edge, {result['bytes']:,} bytes of noise, "
        f"{result['answers']:,} whole answers\n{len(found)} faults"
    )
    for fault in found[:10]:
        print(f"  {fault}")
    write("fuzz", result)
    if found:
        raise SystemExit(1)


def _storm(seed: int, conversations: int, within_s: float, pull: bool) -> Storm:
    storm = Storm(seed, pull)
    uvloop.run(storm.rage(conversations, within_s))
    return storm


def _read(seed: int, count: int, within_s: float) -> dict[str, object]:
    """Spoilt heads to a reader of the push side and one of the pull side in turn."""
    rng, until_s = random.Random(seed), time.monotonic() + within_s
    readers = Reader(), Reader(keyer({"CMCD", "token"}))
    heads = taken = 0
    found: list[str] = []
    while heads < count and time.monotonic() < until_s and len(found) < 100:
        for _ in range(1000):
            head = whole(spoilt(rng))
            heads += 1
            try:
                taken += head is not None and check(head, readers[heads % 2], seed)
            except AssertionError as error:
                found.append(str(error))
    return {"heads": heads, "taken": taken, "found": found}
