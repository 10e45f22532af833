"""Bits: a cursor over single bits, for the codec configurations that boxes carry.

Knows fixed-width fields and the Exp-Golomb codes of H.264 (ITU-T H.264 §9.1), and nothing of what they mean.
"""

from ringside.core.boxes.box import BoxError


class Bits:
    """Reads `data` bit by bit, most significant first; `what` names it in errors."""

    def __init__(self, data: bytes, what: str) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)
        self._what = what

    def u(self, n: int) -> int:
        """An unsigned number of `n` bits."""
        if n > self._left:
            raise BoxError(f"{self._what} is cut short")
        self._left -= n
        return (self._value >> self._left) & ((1 << n) - 1)

    def ue(self) -> int:
        """An unsigned Exp-Golomb number."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise BoxError(f"{self._what} has a number that is too long")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """A signed Exp-Golomb number."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)
