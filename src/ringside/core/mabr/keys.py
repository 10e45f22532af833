"""The keys of a session: one that all its gateways have, for packets, and a pair of which only the sender has one half.

Whoever holds the group's key could forge packets; what a gateway believes is therefore signed (ed25519, RFC 8032), and
media is what the signed news say its digest is. Nothing here knows files or chance: the halves are bytes, or the text
of a key file, and random bytes are handed in.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ringside.core.mabr.description import BadDescription

KEY_BYTES = 32
MAX_TEXT = 4096  # of a key file, bytes
FORM = "ringside multicast keys 1"


@dataclass(frozen=True, slots=True)
class Keys:
    """A sender's secrets: the group's key (32 bytes) and the private half of the pair that signs (32 bytes)."""

    group: bytes = field(repr=False)
    private: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The half that gateways have, 32 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw()

    def signer(self) -> Callable[[bytes], bytes]:
        """A function that signs: from bytes to a signature of 64 bytes (RFC 8032 5.1.6)."""
        return Ed25519PrivateKey.from_private_bytes(self.private).sign

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`, 64 bytes; for many, take a `signer`."""
        return self.signer()(data)


def new_keys(chance: Callable[[int], bytes]) -> Keys:
    """Fresh keys, from `chance`: n to n random bytes."""
    return Keys(chance(KEY_BYTES), chance(KEY_BYTES))


def to_text(keys: Keys) -> bytes:
    """What the key file holds (keep it 0600)."""
    values = {"form": FORM, "group": _written(keys.group), "private": _written(keys.private)}
    return json.dumps(values, indent=1).encode() + b"\n"


def from_text(data: bytes) -> Keys:
    """What a key file holds. Raises BadDescription."""
    try:
        values = json.loads(data) if len(data) <= MAX_TEXT else None
        if not isinstance(values, dict) or values.get("form") != FORM:
            raise BadDescription(f'the key file is not one of Ringside\'s: it has no "form": "{FORM}"')
        keys = Keys(_read(values.get("group")), _read(values.get("private")))
    except (ValueError, RecursionError):
        raise BadDescription("the key file cannot be read: it is damaged, or not one of Ringside's") from None
    if len(keys.group) != KEY_BYTES or len(keys.private) != KEY_BYTES:
        raise BadDescription(f"the key file has a key that is not {KEY_BYTES} bytes")
    return keys


def _written(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _read(text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        return b""


class Verifier:
    """Says whether a signature is the session's. Raises BadDescription for a public half that is no key."""

    def __init__(self, public: bytes) -> None:
        try:
            self._key = Ed25519PublicKey.from_public_bytes(public)
        except ValueError:
            raise BadDescription("the signingKey of Authentication is no ed25519 key") from None

    def good(self, data: bytes, signature: bytes) -> bool:
        """Whether `signature` over `data` was made by the sender. About 0.1 ms."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True
