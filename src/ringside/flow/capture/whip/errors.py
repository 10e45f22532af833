"""What a peer can do wrong over WHIP: one sentence and the HTTP status that goes with it (RFC 9725, 4)."""

from ringside.core.errors import RingsideError


class Refused(RingsideError):
    """The answer is no; `status` says of which kind."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
