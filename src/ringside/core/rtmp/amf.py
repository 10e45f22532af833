"""AMF0: the values inside RTMP commands (Action Message Format, AMF0 specification, 2007).

Bytes enter, plain Python values leave, and back. Depth, number of values and every length are checked before
anything is built, so that a message of n bytes never costs more than a small multiple of n. AMF3 is refused;
what a command means is the session's business.
"""

import struct
from collections.abc import Callable
from typing import TypeAlias

from ringside.core.rtmp.errors import Malformed

Value: TypeAlias = "bool | float | str | list[Value] | dict[str, Value] | None"

MAX_DEPTH = 16
MAX_VALUES = 1024

NUMBER, BOOLEAN, STRING, OBJECT, NULL, UNDEFINED = 0x00, 0x01, 0x02, 0x03, 0x05, 0x06
ECMA_ARRAY, OBJECT_END, STRICT_ARRAY, DATE, LONG_STRING = 0x08, 0x09, 0x0A, 0x0B, 0x0C
UNSUPPORTED, XML_DOCUMENT, TYPED_OBJECT = 0x0D, 0x0F, 0x10


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.values = 0

    def take(self, n: int) -> bytes:
        end = self.at + n
        if end > len(self.data):
            raise Malformed(f"an AMF value of {n} bytes is cut off after {len(self.data) - self.at}")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def uint(self, n: int) -> int:
        return int.from_bytes(self.take(n))

    def text(self, length_bytes: int) -> str:
        return self.take(self.uint(length_bytes)).decode("utf-8", "replace")

    def value(self, depth: int) -> Value:
        self.values += 1
        if self.values > MAX_VALUES:
            raise Malformed(f"an AMF message holds more than {MAX_VALUES} values")
        if depth > MAX_DEPTH:
            raise Malformed(f"an AMF value is nested more than {MAX_DEPTH} deep")
        marker = self.uint(1)
        read = _READERS.get(marker)
        if read is None:
            raise Malformed(f"AMF type {marker:#04x} is not supported")
        return read(self, depth)

    def fields(self, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while True:
            name = self.text(2)
            if not name and self.data[self.at : self.at + 1] == bytes([OBJECT_END]):
                self.at += 1
                return found
            found[name] = self.value(depth + 1)

    def ecma_array(self, depth: int) -> dict[str, Value]:
        self.take(4)  # a hint of the count, which encoders get wrong: the end marker decides
        return self.fields(depth)

    def strict_array(self, depth: int) -> list[Value]:
        count = self.uint(4)
        if count > len(self.data) - self.at:
            raise Malformed(f"an AMF array announces {count} values in {len(self.data) - self.at} bytes")
        return [self.value(depth + 1) for _ in range(count)]

    def date(self, depth: int) -> float:
        milliseconds: float = struct.unpack(">d", self.take(8))[0]
        self.take(2)  # time zone: reserved, §2.13
        return milliseconds

    def typed_object(self, depth: int) -> dict[str, Value]:
        self.text(2)
        return self.fields(depth)


_READERS: dict[int, Callable[[_Reader, int], Value]] = {
    NUMBER: lambda r, _: struct.unpack(">d", r.take(8))[0],
    BOOLEAN: lambda r, _: r.take(1) != b"\0",
    STRING: lambda r, _: r.text(2),
    OBJECT: _Reader.fields,
    NULL: lambda r, _: None,
    UNDEFINED: lambda r, _: None,
    ECMA_ARRAY: _Reader.ecma_array,
    STRICT_ARRAY: _Reader.strict_array,
    DATE: _Reader.date,
    LONG_STRING: lambda r, _: r.text(4),
    UNSUPPORTED: lambda r, _: None,
    XML_DOCUMENT: lambda r, _: r.text(4),
    TYPED_OBJECT: _Reader.typed_object,
}


def decode(data: bytes) -> list[Value]:
    """Every value of a message, in order. Raises Malformed."""
    reader = _Reader(data)
    values: list[Value] = []
    while reader.at < len(data):
        values.append(reader.value(1))
    return values


def encode(*values: Value) -> bytes:
    """The values as one message body; a dict becomes an object, a str over 65535 bytes a long string."""
    return b"".join(_encode(value) for value in values)


def _encode(value: Value) -> bytes:
    if value is None:
        return bytes([NULL])
    if isinstance(value, bool):
        return bytes([BOOLEAN, value])
    if isinstance(value, int | float):
        return struct.pack(">Bd", NUMBER, value)
    if isinstance(value, str):
        text = value.encode()
        if len(text) > 0xFFFF:
            return struct.pack(">BI", LONG_STRING, len(text)) + text
        return bytes([STRING]) + _name(text)
    if isinstance(value, list):
        return struct.pack(">BI", STRICT_ARRAY, len(value)) + encode(*value)
    body = b"".join(_name(key.encode()) + _encode(item) for key, item in value.items())
    return bytes([OBJECT]) + body + b"\0\0" + bytes([OBJECT_END])


def _name(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text
