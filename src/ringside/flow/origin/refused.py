"""Refused: why a publisher's request is not taken; the status is for the machine, the sentence for the person."""

from ringside.core.errors import RingsideError


class Refused(RingsideError):
    """A publisher's request is refused with an HTTP `status` and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
