"""Letter: the JSON object that a request for the status, the target or the source carries. Pure.

Pieces of a body enter, as they come; what it says leaves, or a Refused. It knows no socket.
"""

import json
from typing import Any, Literal

from ringside.flow.origin.refused import Refused
from ringside.flow.origin.target import milliseconds

Kind = Literal["status", "target", "source"]
MOST_BYTES = 256 * 1024


class Letter:
    """A body on its way in: a studio's status, or an operator's order."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._body = bytearray()

    def __repr__(self) -> str:
        return f"<Letter {self.kind} {len(self._body)} B>"

    def add(self, data: bytes) -> None:
        """More of it. Raises Refused 413."""
        self._body += data
        if len(self._body) > MOST_BYTES:
            raise Refused(413, f"a {self.kind} has at most {MOST_BYTES} bytes")

    def values(self) -> dict[str, Any]:
        """What it says, once it is whole. Raises Refused 400."""
        try:
            values = json.loads(bytes(self._body))
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise Refused(400, f"a {self.kind} is a JSON object")
        return values

    def target_ms(self) -> int:
        """The target that is ordered. Raises Refused 400."""
        try:
            return milliseconds(self.values().get("target_s"))
        except ValueError as error:
            raise Refused(400, str(error)) from None
