"""How an object is cut into source blocks (RFC 5052 §9.1): as few as may be, their sizes one apart at most.

What enters: numbers that fti.py has checked. What leaves: a block's size and the place of a symbol. Arithmetic only:
no list is made, so an object of many blocks costs nothing until its symbols come.
"""

from functools import lru_cache
from typing import NamedTuple


class Blocks(NamedTuple):
    """`large` blocks of `size` symbols come first, then blocks of `size` - 1; `number` blocks in all."""

    number: int
    large: int
    size: int

    def symbols(self, sbn: int) -> int:
        """How many source symbols block `sbn` has."""
        return self.size if sbn < self.large else self.size - 1

    def first(self, sbn: int) -> int:
        """The index in the object of the first source symbol of block `sbn`."""
        return sbn * self.size - max(0, sbn - self.large)

    def place(self, index: int) -> tuple[int, int]:
        """Block and number within it (SBN, ESI) of the source symbol at `index` of the object."""
        edge = self.large * self.size
        if index < edge:
            return divmod(index, self.size)
        sbn, esi = divmod(index - edge, self.size - 1)
        return self.large + sbn, esi


@lru_cache(maxsize=1024)
def partition(symbols: int, most: int) -> Blocks:
    """`symbols` source symbols cut into blocks of at most `most`; both at least 1."""
    number = -(-symbols // most)
    size = -(-symbols // number)
    return Blocks(number, symbols - (size - 1) * number, size)
