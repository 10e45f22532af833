"""The RTMP handshake, as a server (Adobe RTMP 1.0, §5.2).

The client's bytes enter; our answer leaves, and what the client sent after its handshake. The simple form is
spoken: clients that put a digest into C1 take a zero version in S1 for a server without digests and go on.
"""

from ringside.core.rtmp.errors import Malformed, Refused

VERSION = 3
ENCRYPTED_VERSIONS = (6, 8, 9)
PACKET_BYTES = 1536
ENTROPY_BYTES = PACKET_BYTES - 8


class Handshake:
    """One handshake. `entropy` is the 1528 random bytes of S1."""

    def __init__(self, entropy: bytes) -> None:
        self._s1 = bytes(8) + entropy
        self._buffer = bytearray()
        self._answered = False
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """`(to send, left over for the chunk stream)`. Raises Malformed or Refused on a wrong version."""
        self._buffer += data
        if self._buffer and not self._answered:
            self._check_version(self._buffer[0])
        answer = b""
        if not self._answered and len(self._buffer) >= 1 + PACKET_BYTES:
            # C2 is the client's echo of S1. Many get it wrong and nothing rests on it: it is skipped.
            answer = bytes([VERSION]) + self._s1 + bytes(self._buffer[1 : 1 + PACKET_BYTES])
            self._answered = True
        if len(self._buffer) < 1 + 2 * PACKET_BYTES:
            return answer, b""
        rest = bytes(self._buffer[1 + 2 * PACKET_BYTES :])
        self._buffer.clear()
        self.done = True
        return answer, rest

    @staticmethod
    def _check_version(version: int) -> None:
        if version in ENCRYPTED_VERSIONS:
            raise Refused("encrypted RTMP (RTMPE) is not supported; use rtmp://")
        if version == 0x16:
            raise Refused("RTMP over TLS (RTMPS) is not supported; use rtmp://")
        if version != VERSION:
            raise Malformed(f"this is not RTMP: the first byte is {version:#04x}, not 0x03")
