"""Which constant frame rate an event takes for what its source has. Pure: a table and four rules."""

from fractions import Fraction

RATES = (
    Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30), Fraction(50),
    Fraction(60_000, 1001), Fraction(60),
)  # fmt: skip
WHOLE = tuple(rate for rate in RATES if rate.denominator == 1)
DEFAULT = Fraction(30)
_CLOSE = 0.005  # an average off by a little still matches
_A_LITTLE_MORE = Fraction(115, 100)


def choose_fps(fps: Fraction | None) -> Fraction:
    """The programme's rate for a source of `fps` frames a second (a variable one: its average; None: unknown).

    A rate in the table is kept. A slower one is multiplied into it (15 and 10 to 30, 12 to 24), a faster one
    divided (120 to 60, 100 to 50). Anything else takes the next whole rate above it if that is near, so that no
    picture is lost, or else the nearest.
    """
    if fps is None or fps <= 0:
        return DEFAULT
    slow = fps < RATES[0] * Fraction(99, 100)
    factors = [Fraction(n) for n in range(1, 7)] if slow else [Fraction(1, n) for n in range(1, 5)]
    for factor in factors:
        near = min(RATES, key=lambda rate: abs(rate - fps * factor))
        if abs(near / (fps * factor) - 1) < _CLOSE and not (slow and near > DEFAULT):
            return near
    if slow:
        return DEFAULT
    above = [rate for rate in WHOLE if fps < rate <= fps * _A_LITTLE_MORE]
    return above[0] if above else min(WHOLE, key=lambda rate: abs(rate - fps))
