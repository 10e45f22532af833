"""Run the benches named, or all but the long ones: each prints a table and writes JSON to bench/out.

Words after `edge` name its scenarios: `python -m bench edge hold release`.
Synchrony, read from the screens of headless Chromium: `python -m bench sync latency spread --seconds 60`.
One stream out, many edges fed: `python -m bench multicast offload loss --seconds 30`.
Each fault, its bound and what viewers saw: `python -m bench faults encoder-killed`; for an hour: `soak --faults`.
Noise against the edge's HTTP path, a million inputs or a minute: `python -m bench fuzz --seed 1`.
"""

import argparse
import importlib
import sys

BENCHES = ("startup", "pipeline", "edge", "encode", "players", "crowd", "reality", "foreign")
LONG = ("soak", "fuzz", "multicast", "sync", "faults")
ALONE = "multicast"  # whose scenarios are called like other benches
WITH_WORDS = ("edge", "fuzz", "multicast", "sync", "faults", "soak")


def main() -> None:
    """Run the benches in turn."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHES + LONG)}")
    if len(sys.argv) > 2 and sys.argv[1] in WITH_WORDS and {"-h", "--help"} & set(sys.argv[2:]):
        importlib.import_module(f"bench.{sys.argv[1]}").main(sys.argv[2:])
    options = parser.parse_known_args()
    names, words = options[0].names or list(BENCHES), options[1]
    if names[0] == ALONE or (names[0] in WITH_WORDS and not set(names[1:]) & set(BENCHES + LONG)):
        names, words = names[:1], names[1:] + words
    for name in names:
        if name not in BENCHES + LONG:
            parser.error(f"there is no bench called {name}")
    if words and names[0] not in WITH_WORDS:
        parser.error(f"{names[0]} takes no words: {' '.join(words)}")
    for name in names:
        print(f"\n== {name}", flush=True)
        module = importlib.import_module(f"bench.{name}")
        module.main(words) if name in WITH_WORDS else module.main()


if __name__ == "__main__":
    main()
