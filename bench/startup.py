"""How long from `ringside live` to a playable segment (goal: 3 s)."""

from bench.harness import live, quantiles, write

RUNS = 5


def main() -> None:
    """Start the event five times."""
    seconds = []
    for _ in range(RUNS):
        with live() as event:
            seconds.append(event.wait_playable())
    result = quantiles(seconds)
    print(f"ringside live to first part fetched, {RUNS} runs: median {result['p50']} s, longest {result['max']} s")
    write("startup", {"runs_s": seconds, **result})
