"""Reed-Solomon over GF(2^8) (RFC 5510 §8): systematic, any k of a block's n symbols give the block.

What enters: the known symbols of one block, all of one size, at most 255. What leaves: the symbols asked for. The
code's generator matrix is a Vandermonde matrix times the inverse of its top: symbol r of a block is the value, at the
point x_r, of the one polynomial of degree below k that has the k source symbols as its values at x_0 .. x_k-1 (x_0 =
0, x_r = α^(r-1)). So no matrix is inverted: encoding and mending are both Lagrange's formula, from k points to
others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL = 0x11D  # x^8 + x^4 + x^3 + x^2 + 1, RFC 5510 §8.1
MOST = 255  # symbols of a block

_Bytes = NDArray[np.uint8]


def _powers() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """α^i for i < 510, and its inverse: the logarithm of each non-zero element."""
    exp, log, x = np.zeros(510, np.int64), np.zeros(256, np.int64), 1
    for i in range(255):
        exp[i], log[x] = x, i
        x = x << 1 ^ (POLYNOMIAL if x & 0x80 else 0)
    exp[255:] = exp[:255]
    return exp, log


EXP, LOG = _powers()
POINTS = np.concatenate(([0], EXP[: MOST - 1]))


def _products() -> list[bytes]:
    """For each factor the table of its products, for bytes.translate: the fastest multiplication there is here."""
    table = EXP[LOG[:, None] + LOG[None, :]].astype(np.uint8)
    table[0, :] = table[:, 0] = 0
    return [row.tobytes() for row in table]


PRODUCTS = _products()


def weights(known: Sequence[int], wanted: Sequence[int]) -> _Bytes:
    """The matrix that takes the symbols `known` to those `wanted` (ESIs; none in both): wanted x known factors."""
    x, z = POINTS[list(known)], POINTS[list(wanted)]
    apart = LOG[z[:, None] ^ x[None, :]]  # log (z_w - x_i); never of zero
    between = LOG[x[:, None] ^ x[None, :]]  # log (x_i - x_j); the diagonal is LOG[0] = 0: the empty product
    exponents = apart.sum(axis=1)[:, None] - apart - between.sum(axis=1)[None, :]
    factors: _Bytes = EXP[exponents % 255].astype(np.uint8)
    return factors


def symbols(known: Mapping[int, bytes | memoryview], wanted: Sequence[int]) -> list[bytes]:
    """The `wanted` symbols of a block of which exactly k are `known`, by ESI. About 2 µs for each pair of both."""
    if not wanted:
        return []
    rows = [bytes(symbol) for symbol in known.values()]
    made = []
    for factors in weights(list(known), wanted).tolist():
        products = b"".join([row.translate(PRODUCTS[factor]) for factor, row in zip(factors, rows, strict=True)])
        made.append(np.bitwise_xor.reduce(np.frombuffer(products, np.uint8).reshape(len(rows), -1)).tobytes())
    return made
