"""Outlet: a far end, whatever is spoken with it; and the tools by which media is made into what it takes.

Both are protocols: `rtmp` and `srt` are outlets; the tools are handed in, as what media is made of is not known here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ringside.core.errors import RingsideError
from ringside.flow.relay.restream.queue import Packet


class Broken(RingsideError):
    """The far end is gone, refuses, or cannot be had: the sentence says which."""


class Tag(Protocol):
    """Something to send: of a kind, at a time since the connection began."""

    @property
    def kind(self) -> str: ...

    @property
    def time_ms(self) -> int: ...

    @property
    def body(self) -> bytes: ...


class Outlet(Protocol):
    """One connection, to be opened once."""

    async def open(self) -> None:
        """Connect, and be let in. Raises Broken, in ten seconds at most."""

    async def watch(self) -> None:
        """Wait until it is gone. Raises Broken then."""

    async def send(self, tags: Sequence[Tag]) -> int:
        """Send, waiting for room; how many bytes. Raises Broken."""

    def status(self) -> dict[str, Any]:
        """More of how it goes, for the status page."""

    async def close(self) -> None:
        """Say goodbye, and hang up."""


class Writer(Protocol):
    """Packets into tags, for one connection."""

    def write(self, packet: Any) -> Sequence[Tag]: ...

    def close(self) -> Sequence[Tag]: ...


class Programme(Protocol):
    """Pieces of tracks into packets of one programme.

    `why`: nothing comes out of it yet. `skipped`: frames behind a hole.
    """

    @property
    def why(self) -> str: ...

    @property
    def tracks(self) -> tuple[str, ...]: ...

    @property
    def skipped(self) -> int: ...

    def take(self, pieces: Iterable[tuple[str, bytes, bytes]]) -> Sequence[Packet]: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """`programme(track, sound)`, and a writer for each way of sending: `rtmp`, `srt`."""

    programme: Callable[[str, str], Programme]
    writers: dict[str, Callable[[], Writer]]
