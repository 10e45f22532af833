"""Unit: one coded frame, and Config: what its decoder is set up with, whatever protocol brought them."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class Config:
    """How to set a decoder up. `codec` is FFmpeg's name; `extradata` a sequence header, empty where it is in band."""

    kind: Kind
    codec: str
    extradata: bytes = b""


@dataclass(frozen=True, slots=True)
class Unit:
    """One coded frame. It is to be shown `offset_ns` after its message's timestamp."""

    kind: Kind
    codec: str
    key: bool
    data: bytes
    offset_ns: int = 0
