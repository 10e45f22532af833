"""Fuzz what is inside RTMP messages: AMF values and FLV bodies, of recorded publishers and made up, then spoiled.

Whatever parses must write back: an AMF message that is taken is encoded, read again and found the same. Nothing but
Malformed and Refused may come of any bytes. Input n of a seed is always the same.
"""

import math
import random
import struct
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

from rtmp_fuzz import MESSAGES, spoil

from ringside.core.rtmp import amf
from ringside.core.rtmp.errors import Malformed, Refused
from ringside.core.rtmp.message import Type
from ringside.flow.capture.coded.unit import Config, Unit
from ringside.flow.capture.rtmp import flv

BODIES = [(message.type, bytes(message.body)) for script in MESSAGES for message in script if message.body]
COMMANDS = [body for kind, body in BODIES if kind in (Type.COMMAND_AMF0, Type.DATA_AMF0)]
MEDIA = [(kind, body) for kind, body in BODIES if kind in (Type.AUDIO, Type.VIDEO)]
NUMBERS = [0.0, -0.0, 1.0, -1.5, 2.0**53, math.inf, -math.inf, math.nan, 5e-324]
TEXTS = ["", "live", "a" * 300, "é\u2028\x00", "../../etc/passwd", "k" * 70_000]
HANG_S = 2.0


@dataclass
class Found:
    """What a run found."""

    inputs: int = 0
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)


def value(rng: random.Random, depth: int = 0) -> amf.Value:
    """Any value; deeper than is taken, now and then."""
    kind = rng.randrange(5 if depth > 20 else 7)
    if kind < 5:
        return (None, rng.random() < 0.5, rng.choice(NUMBERS), rng.choice(TEXTS[:5]), rng.choice(TEXTS))[kind]
    some = range(rng.choice([0, 1, 2, 3]))
    if kind == 5:
        return [value(rng, depth + 1) for _ in some]
    return {f"{rng.choice(TEXTS[:4])}{n}": value(rng, depth + 1) for n in some}


def nested(rng: random.Random) -> bytes:
    """Deep or wide beyond all bounds, in few bytes (flvmeta, Red5)."""
    deep = rng.choice([17, 1000, 70_000])
    return rng.choice([
        bytes([amf.STRICT_ARRAY, 0, 0, 0, 1]) * deep,
        bytes([amf.OBJECT, 0, 1, 97]) * deep,
        struct.pack(">BI", amf.STRICT_ARRAY, rng.choice([2**32 - 1, 2**31, 70_000])) + bytes([amf.NULL]) * 9,
        bytes([amf.ECMA_ARRAY, 255, 255, 255, 255]) + b"\0\1a\5" * deep,
        struct.pack(">BI", amf.LONG_STRING, 2**32 - 1) + b"x",
    ])  # fmt: skip


def values_of(rng: random.Random) -> bytes:
    """An AMF message: recorded, made up, or an attack; mostly with something wrong."""
    which = rng.random()
    body = rng.choice(COMMANDS) if which < 0.6 else nested(rng) if which < 0.65 else amf.encode(value(rng), value(rng))
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        body = spoil(rng, body)
    return body[: 1 << 20]


def read_values(body: bytes) -> str:
    """What comes of an AMF message; AssertionError where it does not write back."""
    try:
        values = amf.decode(body)
    except Malformed:
        return "malformed"
    again = amf.decode(amf.encode(*values))
    assert repr(again) == repr(values), f"{values!r:.200} became {again!r:.200}"
    return "taken"


def read_media(kind: int, body: bytes) -> str:
    """What comes of an FLV body; AssertionError where a unit holds what did not come."""
    try:
        unit = (flv.video if kind == Type.VIDEO else flv.audio)(body)
    except Malformed:
        return "malformed"
    except Refused:
        return "refused"
    if isinstance(unit, Config | Unit):
        data = unit.extradata if isinstance(unit, Config) else unit.data
        assert data in body
        return "taken"
    return "nothing"


def one(seed: int, n: int) -> str:
    """Input `n` of a seed, read."""
    rng = random.Random(f"{seed}:{n}")
    if rng.random() < 0.7:
        return f"AMF {read_values(values_of(rng))}"
    kind, body = rng.choice(MEDIA)
    for _ in range(rng.choice([1, 2, 4])):
        body = spoil(rng, body)
    return f"FLV {read_media(kind, body)}"


def run(seed: int, numbers: range) -> Found:
    """Read the inputs `numbers` of a seed."""
    found = Found()
    for n in numbers:
        began = time.process_time()
        try:
            found.ends[one(seed, n)] += 1
        except Exception:  # noqa: BLE001  what a fuzzer is for
            found.faults.append(f"seed {seed} value {n}\n{traceback.format_exc()}")
        took_s = time.process_time() - began
        found.slowest_s = max(found.slowest_s, took_s)
        if took_s > HANG_S:
            found.faults.append(f"seed {seed} value {n} took {took_s:.1f} s")
        found.inputs += 1
    return found
