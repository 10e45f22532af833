"""Receiver: where the bytes of MPEG-TS come from, whatever carries them: UDP, SRT, standard input.

A receiver gives bytes, nothing for now, or the end; it must not know what the bytes mean.
"""

from typing import Any, Protocol


class Receiver(Protocol):
    """Where bytes come from. It is used by one thread; only `status` may be asked from another."""

    @property
    def ends(self) -> bool:
        """Whether its sender can be made to wait, and its end is the end."""

    @property
    def port(self) -> int:
        """What it is bound to; 0: nothing."""

    @property
    def sender(self) -> int:
        """Goes up when bytes begin to come from another sender than those before."""

    @property
    def trouble(self) -> str:
        """Why nothing comes, as the end of a sentence; empty: nothing is known to be wrong."""

    def receive(self, within_s: float) -> bytes | None:
        """What arrives within a time; b"" when nothing does; None at the end."""

    def status(self) -> dict[str, Any]:
        """How it goes: plain values for the status page, without a key."""

    def close(self) -> None:
        """Let it go."""
