"""Letters without a font file: a single-stroke alphabet, drawn with anti-aliased, round-ended strokes.

Text enters, a coverage mask leaves (float32, 0 to 1). The unit is the cap height: 0 is the cap line, 1 the base
line, lower-case letters start at 0.34, and descenders reach 1.3. Each glyph is its ink's width and strokes
separated by `/`: a polyline as `x y x y ...`, or `o cx cy rx ry from to`, an elliptic arc in degrees, clockwise
from three o'clock. Letters with accents lose them; what the alphabet lacks becomes a small box.
"""

import unicodedata
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]

ABOVE, BELOW = 0.25, 0.45  # what a mask leaves above the cap line and below the base line, in cap heights
_DOT = "o {x} {y} .035 .035 0 360"
_BOWL = "o .28 .67 .28 .33 0 360"
_O = "o .42 .5 .42 .5 0 360"
_P = "0 1 0 0 .3 0/o .3 .28 .28 .28 -90 90/.3 .56 0 .56"

_GLYPHS: dict[str, tuple[float, str]] = {
    "A": (0.72, "0 1 .36 0 .72 1/.13 .65 .59 .65"),
    "B": (0.6, "0 0 0 1/0 0 .32 0/0 .47 .34 .47/0 1 .33 1/o .32 .235 .235 .235 -90 90/o .33 .735 .265 .265 -90 90"),
    "C": (0.68, "o .4 .5 .4 .5 48 312"),
    "D": (0.66, "0 0 0 1/0 0 .2 0/0 1 .2 1/o .2 .5 .46 .5 -90 90"),
    "E": (0.54, "0 0 0 1/0 0 .54 0/0 .48 .48 .48/0 1 .54 1"),
    "F": (0.52, "0 0 0 1/0 0 .54 0/0 .48 .48 .48"),
    "G": (0.78, "o .4 .5 .4 .5 20 312/.44 .54 .776 .54 .776 .67"),
    "H": (0.66, "0 0 0 1/.66 0 .66 1/0 .48 .66 .48"),
    "I": (0.0, "0 0 0 1"),
    "J": (0.42, "o .2 .78 .22 .22 0 150/.42 0 .42 .78"),
    "K": (0.6, "0 0 0 1/.58 0 0 .58/.2 .4 .62 1"),
    "L": (0.48, "0 0 0 1 .5 1"),
    "M": (0.84, "0 1 0 0 .42 .7 .84 0 .84 1"),
    "N": (0.68, "0 1 0 0 .68 1 .68 0"),
    "O": (0.84, _O),
    "P": (0.58, _P),
    "Q": (0.84, f"{_O}/.54 .74 .82 1.04"),
    "R": (0.6, f"{_P}/.3 .56 .6 1"),
    "S": (0.56, "o .28 .255 .26 .255 90 330/o .28 .755 .28 .245 -90 150"),
    "T": (0.62, "0 0 .64 0/.32 0 .32 1"),
    "U": (0.66, "0 0 0 .67/.66 0 .66 .67/o .33 .67 .33 .33 0 180"),
    "V": (0.7, "0 0 .35 1 .7 0"),
    "W": (1.04, "0 0 .26 1 .52 .1 .78 1 1.04 0"),
    "X": (0.64, "0 0 .64 1/.64 0 0 1"),
    "Y": (0.66, "0 0 .33 .5 .66 0/.33 .5 .33 1"),
    "Z": (0.6, "0 0 .6 0 0 1 .6 1"),
    "0": (0.6, "o .3 .3 .3 .3 180 360/o .3 .7 .3 .3 0 180/0 .3 0 .7/.6 .3 .6 .7"),
    "1": (0.6, ".1 .18 .36 0 .36 1"),
    "2": (0.6, "o .3 .29 .29 .29 190 395/.5376 .456 .02 1 .6 1"),
    "3": (0.6, "o .3 .25 .25 .25 200 450/.2 .5 .3 .5/o .3 .75 .29 .25 -90 160"),
    "4": (0.6, ".45 1 .45 0 0 .7 .62 .7"),
    "5": (0.6, ".54 0 .1 0 .071 .454/o .29 .68 .31 .32 225 515"),
    "6": (0.6, "o .3 .7 .3 .3 0 360/.45 0 .054 .528"),
    "7": (0.6, "0 0 .6 0 .2 1"),
    "8": (0.6, "o .3 .245 .245 .245 0 360/o .3 .745 .29 .255 0 360"),
    "9": (0.6, "o .3 .3 .3 .3 0 360/.15 1 .546 .472"),
    "a": (0.56, f"{_BOWL}/.56 .36 .56 1"),
    "b": (0.56, f"0 -.04 0 1/{_BOWL}"),
    "c": (0.48, "o .28 .67 .28 .33 48 312"),
    "d": (0.56, f"{_BOWL}/.56 -.04 .56 1"),
    "e": (0.56, "o .28 .67 .28 .33 42 360/0 .67 .56 .67"),
    "f": (0.3, ".12 1 .12 .16/o .32 .16 .2 .2 180 285/0 .36 .34 .36"),
    "g": (0.56, f"{_BOWL}/.56 .36 .56 1.04/o .29 1.04 .27 .25 0 145"),
    "h": (0.52, "0 -.04 0 1/o .26 .6 .26 .26 180 360/.52 .6 .52 1"),
    "i": (0.0, f"0 .36 0 1/{_DOT.format(x=0, y='.1')}"),
    "j": (0.06, f"0 .36 0 1.08/o -.14 1.08 .14 .17 0 120/{_DOT.format(x=0, y='.1')}"),
    "k": (0.46, "0 -.04 0 1/.44 .36 0 .74/.15 .62 .48 1"),
    "l": (0.0, "0 -.04 0 1"),
    "m": (0.88, "0 .36 0 1/o .22 .58 .22 .22 180 360/.44 .58 .44 1/o .66 .58 .22 .22 180 360/.88 .58 .88 1"),
    "n": (0.52, "0 .36 0 1/o .26 .6 .26 .26 180 360/.52 .6 .52 1"),
    "o": (0.6, "o .3 .67 .3 .33 0 360"),
    "p": (0.56, f"0 .36 0 1.3/{_BOWL}"),
    "q": (0.56, f"{_BOWL}/.56 .36 .56 1.3"),
    "r": (0.3, "0 .36 0 1/o .24 .58 .24 .24 180 290"),
    "s": (0.44, "o .22 .505 .2 .165 90 325/o .22 .835 .22 .165 -90 145"),
    "t": (0.3, ".12 .1 .12 .82/o .28 .82 .16 .18 90 180/0 .36 .32 .36"),
    "u": (0.52, "0 .36 0 .74/.52 .36 .52 1/o .26 .74 .26 .26 0 180"),
    "v": (0.5, "0 .36 .25 1 .5 .36"),
    "w": (0.76, "0 .36 .19 1 .38 .42 .57 1 .76 .36"),
    "x": (0.46, "0 .36 .46 1/.46 .36 0 1"),
    "y": (0.52, "0 .36 .26 .96/.52 .36 .18 1.28"),
    "z": (0.46, "0 .36 .46 .36 0 1 .46 1"),
    ":": (0.0, f"{_DOT.format(x=0, y='.3')}/{_DOT.format(x=0, y='.8')}"),
    ".": (0.0, _DOT.format(x=0, y=".97")),
    ",": (0.04, ".05 .94 -.03 1.14"),
    ";": (0.04, f".05 .94 -.03 1.14/{_DOT.format(x='.04', y='.4')}"),
    "'": (0.0, "0 0 0 .22"),
    '"': (0.16, "0 0 0 .22/.16 0 .16 .22"),
    "-": (0.3, "0 .6 .3 .6"),
    "–": (0.5, "0 .6 .5 .6"),
    "_": (0.5, "0 1.08 .5 1.08"),
    "=": (0.44, "0 .46 .44 .46/0 .72 .44 .72"),
    "+": (0.44, "0 .58 .44 .58/.22 .36 .22 .8"),
    "×": (0.34, "0 .43 .34 .77/.34 .43 0 .77"),
    "·": (0.0, _DOT.format(x=0, y=".55")),
    "/": (0.42, "0 1.08 .42 -.08"),
    "|": (0.0, "0 -.1 0 1.2"),
    "!": (0.0, f"0 0 0 .68/{_DOT.format(x=0, y='.97')}"),
    "?": (0.48, f"o .24 .25 .24 .25 190 420/.36 .466 .24 .6 .24 .7/{_DOT.format(x='.24', y='.97')}"),
    "&": (0.66, ".64 1 .13 .33/o .28 .2 .19 .2 140 410/.402 .353 .076 .6/o .26 .77 .26 .23 20 222/.504 .85 .64 .56"),
    "(": (0.2, "o .35 .5 .35 .62 130 230"),
    ")": (0.2, "o -.1 .5 .35 .62 -50 50"),
    "%": (0.62, ".08 1 .54 0/o .13 .2 .13 .18 0 360/o .5 .8 .13 .18 0 360"),
    "#": (0.56, ".18 0 .1 1/.46 0 .38 1/0 .33 .56 .33/0 .67 .54 .67"),
    " ": (0.16, ""),
}
_BOX = (0.4, "0 .3 .4 .3 .4 1 0 1 0 .3")
_TWINS = str.maketrans({
    "’": "'", "‘": "'", "“": '"', "”": '"', "—": "–", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE",
    "œ": "oe", "ł": "l", "Ł": "L", "đ": "d", "•": "·", "[": "(", "]": ")",
})  # fmt: skip
_GAP = 0.24  # between the ink of two letters, in cap heights


def plain(text: str) -> str:
    """`text` in letters that the alphabet has as far as can be: accents dropped, look-alikes put in."""
    spread = unicodedata.normalize("NFKD", text.translate(_TWINS))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def width(text: str, cap_px: float, tracking: float = 0.0) -> float:
    """How wide the ink of `text` is, pixels; `tracking` is extra space between letters, in cap heights."""
    letters = plain(text)
    ink = sum(_GLYPHS.get(letter, _BOX)[0] for letter in letters)
    return cap_px * (ink + (_GAP + tracking) * max(0, len(letters) - 1))


def mask(text: str, cap_px: float, weight: float = 0.11, tracking: float = 0.0) -> Mask:
    """Coverage of `text`, its ink starting one stroke from the left edge; rows from ABOVE to BELOW (cap heights)."""
    letters = plain(text)
    pad = weight + 2 / cap_px
    rows = int(np.ceil(cap_px * (1 + ABOVE + BELOW)))
    out = np.zeros((rows, int(np.ceil(width(text, cap_px, tracking) + 2 * pad * cap_px))), np.float32)
    x = pad
    for letter in letters:
        ink, path = _GLYPHS.get(letter, _BOX)
        left = max(0, int((x - pad) * cap_px))
        right = min(out.shape[1], int(np.ceil((x + ink + 0.3 + pad) * cap_px)))
        if path and right > left:
            part = out[:, left:right]
            np.maximum(part, _coverage(path, x - left / cap_px, part.shape, cap_px, weight), out=part)
        x += ink + _GAP + tracking
    return out


def _coverage(path: str, x: float, shape: tuple[int, ...], cap_px: float, weight: float) -> Mask:
    """How much of each pixel the strokes cover: distance to the nearest segment against half the stroke."""
    rows, columns = np.indices(shape, np.float32)
    px = (columns + 0.5) / cap_px - x
    py = (rows + 0.5) / cap_px - ABOVE
    nearest = np.full(shape, np.inf, np.float32)
    for (ax, ay), (bx, by) in _segments(path):
        dx, dy = bx - ax, by - ay
        along = np.clip(((px - ax) * dx + (py - ay) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        np.minimum(nearest, (px - ax - along * dx) ** 2 + (py - ay - along * dy) ** 2, out=nearest)
    return np.clip((weight / 2 - np.sqrt(nearest)) * cap_px + 0.5, 0, 1).astype(np.float32)


@lru_cache(maxsize=256)
def _segments(path: str) -> tuple[tuple[tuple[float, float], tuple[float, float]], ...]:
    out: list[tuple[tuple[float, float], tuple[float, float]]] = []
    for stroke in path.split("/"):
        if stroke.startswith("o"):
            cx, cy, rx, ry, start, end = (float(n) for n in stroke.split()[1:])
            steps = np.radians(np.linspace(start, end, max(3, int(abs(end - start) // 10) + 1)))
            points = [(cx + rx * float(np.cos(a)), cy + ry * float(np.sin(a))) for a in steps]
        else:
            numbers = [float(n) for n in stroke.split()]
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
        out += pairwise(points)
    return tuple(out)
