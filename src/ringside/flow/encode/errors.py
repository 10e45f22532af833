"""What can go wrong while encoding, as one sentence for the operator."""

from ringside.core.errors import RingsideError


class EncoderFailed(RingsideError):
    """The codec library refused; the sentence names the track and the reason."""
