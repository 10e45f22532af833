"""What the viewers of a process share is kept in tables that stay small: what falls out is made anew."""

from typing import TypeVar

MOST = 512
K = TypeVar("K")
V = TypeVar("V")


def keep(table: dict[K, V], key: K, value: V, most: int = MOST) -> V:
    """Remember `value`, and return it; the older half of `most` goes first where there are so many."""
    if len(table) >= most:
        for old in list(table)[: most // 2]:
            del table[old]
    table[key] = value
    return value
