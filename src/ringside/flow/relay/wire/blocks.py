"""Blocks: heads in the form that HTTP/2 gives them (RFC 9113 §8.2, §8.3), to and from the one that we use everywhere.

What enters: the fields of a request, an answer. What leaves: the head of HTTP/1.1 that says the same, so that requests
are read in one way only; an HPACK block (RFC 7541). Blocks do without the dynamic table: so a block is the same for all
connections, is made once for an answer, and costs a viewer nothing but its bytes.
"""

from hpack import Encoder

from ringside.flow.relay.answer.serve import Date, Serve

KEPT = 4096  # blocks kept
HOP = {b"transfer-encoding", b"connection"}  # fields that HTTP/2 does without (RFC 9113 §8.2.2)
NO_TABLE = b"\x20"  # a dynamic table of no bytes (RFC 7541 §6.3): the first block of a connection begins with it


def request_head(headers: list[tuple[bytes, bytes]], ended: bool) -> bytes:
    """The head of HTTP/1.1 that asks the same; `ended`: there is no body."""
    method = path = host = b""
    lines = []
    length = False
    for name, value in headers:
        if name == b":method":
            method = value
        elif name == b":path":
            path = value
        elif name == b":authority" or (name == b"host" and not host):
            host = value
        elif not name.startswith(b":") and name != b"host":
            lines.append(b"%b: %b\r\n" % (name, value))
            length = length or name == b"content-length"
    if not ended and not length:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    named = b"Host: %b\r\n" % host if host else b""
    return b"%b %b HTTP/1.1\r\n%b%b\r\n" % (method, path, named, b"".join(lines))


class Blocks:
    """Makes the blocks of answers, and remembers them."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._encoder.header_table_size = 0
        self._encoder.encode([])  # the change of size is said for each connection, not here
        self._kept: dict[tuple[int, bytes], bytes] = {}
        self._date: Date | None = None
        self._dated = b""

    def block(self, serve: Serve, date: Date) -> bytes:
        """The block of `serve` as of `date`: status, fields, date, and its age if that is told."""
        key = (serve.status, serve.head)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            kept = self._kept[key] = self._encode(_fields(serve))
        if date is not self._date:
            self._date, self._dated = date, self._encode([(b"date", date.field[6:-2])])
        if not serve.born_s:
            return kept + self._dated
        age = b"%d" % max(0, date.second - serve.born_s)
        return kept + self._dated + self._encode([(b"age", age)])

    def _encode(self, fields: list[tuple[bytes, bytes]]) -> bytes:
        return bytes(self._encoder.encode(fields))


def _fields(serve: Serve) -> list[tuple[bytes, bytes]]:
    fields = [(b":status", b"%d" % serve.status)]
    for line in serve.head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon and (lower := name.lower()) not in HOP:
            fields.append((lower, value.strip()))
    return fields
