"""Studio: who sends a track to an origin, as the request header `Ringside-Studio` says it.

    Ringside-Studio: london; order=1; run=5f0c9a0d2b1e47

Several studios may send the same tracks, cut alike on one timeline: the origin takes each chunk from the first of
them, by `order` and then by name, that has it in time. Encoders without the header are no such candidates.
"""

import re
from dataclasses import dataclass

from ringside.core.errors import RingsideError

HEADER = "Ringside-Studio"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
RUN = re.compile(r"[0-9a-f]{1,13}")  # 52 bits
LAST_ORDER = 999
STOPGAP_ORDER = 1000  # of the slate that an origin asks for when no studio is there: behind all of them


class NotAStudio(RingsideError):
    """The header says something else than who a studio is; the sentence says what."""


@dataclass(frozen=True, slots=True, order=True)
class Studio:
    """A studio. The lowest `order` is taken first, then the first name; `run` is one start of its encoder, 0: unknown.

    One run writes one sequence of chunks: what follows on the bytes it sent before needs no key frame.
    """

    order: int
    name: str
    run: int = 0

    @classmethod
    def from_header(cls, value: str) -> "Studio":
        """What the header says; parameters that are not known are left to later versions. Raises NotAStudio."""
        name, *parameters = (piece.strip() for piece in value.split(";"))
        if not NAME.fullmatch(name):
            raise NotAStudio(f"{HEADER}: a name has letters, digits, '.', '-' and '_', at most 64 of them")
        given = {key.strip().lower(): said.strip() for key, _, said in (each.partition("=") for each in parameters)}
        order, run = given.get("order", "0"), given.get("run", "0")
        if not (order.isascii() and order.isdecimal() and len(order) <= 4 and int(order) <= STOPGAP_ORDER):
            raise NotAStudio(f"{HEADER}: order is a number from 0 to {LAST_ORDER}")
        if not RUN.fullmatch(run):
            raise NotAStudio(f"{HEADER}: run is a hexadecimal number of at most 13 digits")
        return cls(int(order), name, int(run, 16))

    def to_header(self) -> str:
        """The header's value."""
        run = f"; run={self.run:x}" if self.run else ""
        return f"{self.name}; order={self.order}{run}"

    @property
    def stopgap(self) -> bool:
        """Whether it only shows the slate until a studio is there."""
        return self.order == STOPGAP_ORDER

    def __str__(self) -> str:
        return self.name

    @property
    def session(self) -> int:
        """The number under which this run is published, the same after an origin was started again; 0: none."""
        return self.run + (1 << 52) if self.run else 0


NOBODY = Studio(0, "")
"""An encoder that does not say who it is."""


def name_from(text: str) -> str:
    """A studio's name made of any text, e.g. a machine's name."""
    kept = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._")[:64]
    return kept if NAME.fullmatch(kept) else "studio"
