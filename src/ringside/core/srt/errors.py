"""What goes wrong over SRT, each one sentence; and the reasons for which a caller is turned away."""

from enum import IntEnum

from ringside.core.errors import Misconfigured, RingsideError


class NoSrt(Misconfigured):
    """There is no libsrt here that may be used: the sentence says which to install."""


class Lost(RingsideError):
    """The connection is gone, or was never made; says why."""


class Refusal(IntEnum):
    """Why a caller is turned away, as it is told (SRT access control, "Rejection codes")."""

    BAD_REQUEST = 1400
    UNAUTHORIZED = 1401
    OVERLOAD = 1402
    FORBIDDEN = 1403
    NOT_FOUND = 1404
    BAD_MODE = 1405
    CONFLICT = 1409


REASONS = {
    1001: "nobody answers there",
    1002: "it was refused",
    2001: "the connection was lost",
    2002: "there is no connection",
}
"""What libsrt's errors mean to a person."""

REJECTIONS = {
    10: "the passphrase is wrong",
    11: "a passphrase is wanted on one side alone",
    16: "nobody answers there",
    Refusal.BAD_REQUEST: "it does not understand the stream id",
    Refusal.UNAUTHORIZED: "it wants another stream id or passphrase",
    Refusal.OVERLOAD: "it is overloaded",
    Refusal.FORBIDDEN: "it forbids this stream id",
    Refusal.NOT_FOUND: "it does not know this stream id",
    Refusal.BAD_MODE: "it does not take what is sent to it under this stream id",
    Refusal.CONFLICT: "somebody else sends under this stream id",
}
"""What a far end that refuses means to a person."""
