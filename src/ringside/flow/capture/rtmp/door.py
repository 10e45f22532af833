"""The door: which application and stream key may publish.

Names enter, a refusal leaves. Names are judged before they are compared, compared in constant time, and never
repeated in a sentence: what a peer sent as its key may be nearly the right one.
"""

import hashlib
import hmac
import re

from ringside.core.errors import Misconfigured
from ringside.core.rtmp.errors import Refused

MAX_KEY_CHARACTERS = 128
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Door:
    """One application and its key. Raises Misconfigured when either could never be matched."""

    def __init__(self, app: str, key: str) -> None:
        for field, text in (("app", app), ("key", key)):
            if (fault := _fault(text)) is not None:
                raise Misconfigured(f"rtmp {field}: it {fault}")
        self.app = app
        self._digest = _digest(key)

    def check_app(self, app: str) -> None:
        """Raises Refused unless `app` is ours, with or without a closing slash."""
        if app.removesuffix("/") != self.app:
            raise Refused(f"the application is not /{self.app}")

    def check_key(self, key: str) -> None:
        """Raises Refused unless `key` is ours."""
        if (fault := _fault(key)) is not None:
            raise Refused(f"the stream key {fault}")
        if not hmac.compare_digest(_digest(key), self._digest):
            raise Refused("the stream key is wrong")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()  # equal lengths, so that comparing tells nothing of the length


def _fault(name: str) -> str | None:
    if not name:
        return "is empty"
    if len(name) > MAX_KEY_CHARACTERS:
        return f"is {len(name)} characters long; at most {MAX_KEY_CHARACTERS} are taken"
    if _NAME.fullmatch(name) is None:
        return "holds a character other than letters, digits, '-' and '_'"
    return None
