"""News: turns of the feed in so few bytes that they can be sent by multicast, again and again.

What enters: turns whose media is named instead of carried (`MediaRef`), or bytes from a group. What leaves: news and
checkpoints, or what they say; bytes that are not news raise BadNews. A playlist is told whole with each part, and is
nearly what it was a second ago: a checkpoint holds all that there are, and news of one says only what has changed
since. Both are signed; nothing is unpacked before its signature is good, and never more than a bound.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ringside.core.feed.messages import Message

CONTENT_TYPE = "application/vnd.ringside.news"
DIGEST_BYTES = 16  # of SHA-256, of an object
SIGNATURE_BYTES = 64
MAX_BYTES = 256 << 10  # news or a checkpoint, as sent


class BadNews(Exception):
    """Bytes that are no news of this session; says why."""


class UnknownCheckpoint(BadNews):
    """News that say what has changed since a checkpoint that never came."""


class TooMuch(Exception):
    """Turns, or a checkpoint, that no news can carry; says how many bytes they are."""


@dataclass(frozen=True, slots=True)
class MediaRef:
    """An Appended(`blob`, `size`, `n` bytes), whose bytes are object (`tsi`, `toi`), sent in `packets` packets.

    They are also bytes [`at`, `at` + `n`) of `path` at the origin. `digest` is SHA-256, its first 16 bytes. `tsi` 0:
    they were not sent, take them by unicast.
    """

    tsi: int
    toi: int
    blob: int
    size: int
    n: int
    packets: int
    digest: bytes
    path: str
    at: int


@dataclass(frozen=True, slots=True)
class TurnOf:
    """Turn `number`: what was told at once, its media named."""

    number: int
    messages: tuple[Message | MediaRef, ...]


@dataclass(frozen=True, slots=True)
class News:
    """Turns of the hub that began at `epoch`, in order, the newest last."""

    epoch: int
    turns: tuple[TurnOf, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What playlists and documents were when it was made: news refer to it by `number`, which only rises."""

    number: int
    messages: tuple[Message, ...]


class Writer:
    """Makes news and checkpoints, signed by `sign`; checkpoints are numbered up from `start` (give it Unix ns)."""

    def __init__(self, sign: Callable[[bytes], bytes], start: int) -> None:
        raise NotImplementedError

    def know(self, messages: Iterable[Message]) -> None:
        """What there is already (a snapshot); whatever is written as news is known without."""
        raise NotImplementedError

    def news(self, epoch: int, turns: Sequence[TurnOf]) -> bytes:
        """The turns as one object, whole. Raises TooMuch."""
        raise NotImplementedError

    def checkpoint(self) -> bytes | None:
        """All playlists and documents; news refer to it from the next checkpoint on. None when there are none."""
        raise NotImplementedError


class Reader:
    """Reads news and checkpoints; `good(data, signature)` says whether the sender signed. Keeps four checkpoints."""

    def __init__(self, good: Callable[[bytes, bytes], bool]) -> None:
        raise NotImplementedError

    def take(self, data: bytes) -> News | Checkpoint:
        """What `data` says. Raises BadNews, UnknownCheckpoint among them."""
        raise NotImplementedError
