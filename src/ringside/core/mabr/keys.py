"""The keys of a session: one that all its gateways have, for packets, and a pair of which only the sender has one half.

Whoever holds the group's key could forge packets; what a gateway believes is therefore signed (ed25519), and media is
what the signed news say its digest is. Nothing here knows files: the halves are bytes, or the text of a key file.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """A sender's secrets: the group's key (32 bytes) and the private half of the pair that signs (32 bytes)."""

    group: bytes
    private: bytes

    @property
    def public(self) -> bytes:
        """The half that gateways have, 32 bytes."""
        raise NotImplementedError

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`, 64 bytes (RFC 8032 5.1.6)."""
        raise NotImplementedError


def new_keys(chance: Callable[[int], bytes]) -> Keys:
    """Fresh keys, from `chance`: n to n random bytes."""
    raise NotImplementedError


def to_text(keys: Keys) -> bytes:
    """What the key file holds (keep it 0600)."""
    raise NotImplementedError


def from_text(data: bytes) -> Keys:
    """What a key file holds. Raises BadDescription."""
    raise NotImplementedError


class Verifier:
    """Says whether a signature is the session's. Raises BadDescription for a public half that is no key."""

    def __init__(self, public: bytes) -> None:
        raise NotImplementedError

    def good(self, data: bytes, signature: bytes) -> bool:
        """Whether `signature` over `data` was made by the sender."""
        raise NotImplementedError
