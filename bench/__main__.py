"""Run the benches named, or all but the long ones: each prints a table and writes JSON to bench/out."""

import argparse
import importlib

BENCHES = ("startup", "pipeline", "edge", "encode", "players", "crowd", "reality", "foreign")
LONG = ("soak",)


def main() -> None:
    """Run the benches in turn."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHES + LONG)}")
    for name in parser.parse_args().names or BENCHES:
        if name not in BENCHES + LONG:
            parser.error(f"there is no bench called {name}")
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
