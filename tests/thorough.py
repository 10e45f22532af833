"""How many random examples a costly test takes: a few each time, many with RINGSIDE_EXHAUSTIVE=1."""

import os

MANY = 20


def examples(count: int) -> int:
    """`count`, or so many times more where there is time for them."""
    return count * MANY if os.environ.get("RINGSIDE_EXHAUSTIVE") else count
