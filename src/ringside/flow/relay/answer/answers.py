"""Answers: what heads have been answered with since the store last changed, by their very bytes. Pure.

In a crowd nearly every request has been asked before in the same words; it is then looked up, and neither read nor
decided anew. What is kept is a Serve, or the group of those who wait.
"""

from typing import TypeVar

from ringside.flow.relay.answer.request import KEPT, Request, without_strangers

A = TypeVar("A")


class Answers(dict[bytes, A]):
    """Look up a head as it is with `get`, and where that finds nothing with `like`.

    `named_by_query`: a whole query is part of a name, so that nothing may be taken out of it.
    """

    def __init__(self, named_by_query: bool) -> None:
        super().__init__()
        self._named_by_query = named_by_query

    def like(self, head: bytes) -> A | None:
        """What was answered to the same request with other words that mean nothing here."""
        asked = None if self._named_by_query else without_strangers(head)
        return None if asked is None else self.get(asked)

    def remember(self, request: Request, head: bytes, answer: A) -> None:
        """Answer the next who asks the same with the same; only a plain GET that asks for no close."""
        target = request.target
        if target.method != "GET" or not target.http11 or request.fields.close:
            return
        if not target.common and self._named_by_query:
            return
        asked = head if target.common else without_strangers(head)
        if asked is None:
            return
        if len(self) >= KEPT:
            self.clear()
        self[asked] = answer
