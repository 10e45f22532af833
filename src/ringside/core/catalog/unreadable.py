"""Unreadable: bytes that are no catalog of ours."""

from ringside.core.errors import RingsideError


class Unreadable(RingsideError):
    """A catalog cannot be read; the sentence names it and says why."""
