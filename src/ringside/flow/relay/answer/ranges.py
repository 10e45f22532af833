"""Byte ranges of what has a known size (RFC 9110 §14). Pure."""

from ringside.flow.relay.answer.request import Range
from ringside.flow.relay.answer.serve import CORS, Serve

ENDLESS = 2**53 - 1  # "until it ends" in a range of something that grows (RFC 8673 §3)


def resolve(asked: Range, size: int) -> tuple[int, int] | None:
    """The bytes [first, end) that `asked` names of `size`; None where there are none of them."""
    first, end = asked.first, size
    if first is None:
        first = max(0, size - (asked.last or 0))
    elif asked.last is not None:
        end = min(size, asked.last + 1)
    return (first, end) if first < end else None


def content_range(first: int, end: int, size: int) -> bytes:
    """The Content-Range field for bytes [first, end) of `size`."""
    return b"Content-Range: bytes %d-%d/%d" % (first, end - 1, size)


def unsatisfiable(size: bytes) -> Serve:
    """416 for a range outside of `size`, which is `*` while unknown."""
    lines = b"Content-Range: bytes */%b\r\nContent-Length: 0\r\nCache-Control: no-store\r\n" % size
    return Serve(416, lines + CORS + b"\r\n")
