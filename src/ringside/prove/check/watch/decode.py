"""Content decoding with a bound: gzip and deflate bodies (RFC 9110 §8.4.1), never more than was asked for.

What enters: a body as sent and its Content-Encoding. What leaves: the decoded body, or Undecodable saying what is
wrong with it. A body of a kilobyte that becomes a gigabyte is cut short where the limit is passed.
"""

import zlib

GZIP, ZLIB, RAW = 31, 15, -15  # zlib's names for its formats


class Undecodable(Exception):
    """The body is not what its Content-Encoding says, or decodes to more than the limit; one sentence."""


def decode(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` decoded; `limit` in bytes. Raises Undecodable."""
    codings = [coding.strip().lower() for coding in encoding.split(",") if coding.strip()]
    if len(codings) > 3:
        raise Undecodable(f"Content-Encoding names {len(codings)} codings")
    for coding in reversed(codings):
        body = _undo(body, coding, limit)
    return body


def _undo(body: bytes, coding: str, limit: int) -> bytes:
    if coding == "identity":
        return body
    if coding in {"gzip", "x-gzip"}:
        return _inflate(body, GZIP, limit)
    if coding == "deflate":  # zlib's format by the RFC, the bare one by habit
        return _inflate(body, ZLIB if body[:1] == b"\x78" else RAW, limit)
    raise Undecodable(f"Content-Encoding {coding[:40]!r} was not asked for")


def _inflate(body: bytes, form: int, limit: int) -> bytes:
    out = bytearray()
    while body or not out:
        unpacker = zlib.decompressobj(form)
        try:
            out += unpacker.decompress(body, limit - len(out) + 1)
        except zlib.error as error:
            raise Undecodable(f"the body is not the gzip or deflate it claims to be: {error}") from None
        if len(out) > limit:
            raise Undecodable(f"the body decodes to more than {limit} bytes")
        if not unpacker.eof:
            raise Undecodable("the compressed body is cut short")
        if form != GZIP or not unpacker.unused_data.startswith(b"\x1f\x8b"):
            break
        body = unpacker.unused_data  # RFC 1952 §2.2: members may follow one another
    return bytes(out)
