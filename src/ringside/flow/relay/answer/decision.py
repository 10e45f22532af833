"""What can be decided about a request: answer, follow what grows, hold or refuse.

Or ask the filler, and do one of these. Nothing here decides.
"""

from typing import NamedTuple, Protocol

from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.serve import Serve
from ringside.flow.relay.answer.waiting import Point


class Growing(Protocol):
    """Whatever has a blob that can be followed."""

    @property
    def blob(self) -> Blob: ...


class Hold(NamedTuple):
    """Say nothing until `point` of `path` exists; after `for_ns` say 503."""

    path: str
    point: Point
    for_ns: int


class Follow(NamedTuple):
    """Answer with `serve`'s head, then with the blob from `first` on as it grows.

    Chunk by chunk until it is complete; or, where `end` is not negative, the bytes before `end` as they are, for the
    head has told their length. Where `media` is a Ride, what it says comes next, until it is over.
    """

    serve: Serve
    media: Growing
    first: int
    end: int = -1


class Refuse(NamedTuple):
    """Answer `status` and one sentence, cacheable for `max_age_s`."""

    status: int
    sentence: str
    max_age_s: int = 0


class Want(NamedTuple):
    """Ask the filler for `key`, unless it has been asked already, and do `then`."""

    key: str
    then: Serve | Follow | Hold


Decision = Serve | Follow | Hold | Refuse | Want
