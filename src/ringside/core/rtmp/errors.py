"""What a peer can do wrong over RTMP. Each is one sentence for the log; none ends more than its own connection."""

from ringside.core.errors import RingsideError


class PeerError(RingsideError):
    """The peer is at fault: its connection ends, the event goes on."""


class Malformed(PeerError):
    """The bytes are not RTMP, AMF or FLV, or claim more than a connection may cost."""


class Refused(PeerError):
    """The bytes are well formed and the answer is no: a wrong key, a codec we do not take, a second publisher."""
