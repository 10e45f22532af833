"""Defects: what was wrong with each of the newest frames that the programme gave, for who packages them. Bounded."""

from typing import Literal

Defect = Literal["", "slate", "black", "frozen", "silent"]
KEPT = 2048


class Defects:
    """Of one grid. One thread notes, any may ask."""

    def __init__(self) -> None:
        self._ring: list[tuple[int, Defect]] = [(-1, "")] * KEPT

    def note(self, index: int, defect: Defect) -> None:
        """Frame `index` has been given."""
        self._ring[index % KEPT] = (index, defect)

    def of(self, index: int) -> Defect:
        """Of frame `index`; empty: nothing is wrong, or it is not known any more."""
        known, defect = self._ring[index % KEPT]
        return defect if known == index else ""
