"""The door: who may publish: the bearer of one token (RFC 9725, 4.2; RFC 6750, 2.1).

A header enters, nothing or a refusal leaves. Tokens are compared in constant time and never repeated in a sentence:
what a peer sent may be nearly the right one.
"""

import hashlib
import hmac
import re

from ringside.core.errors import Misconfigured
from ringside.flow.capture.whip.errors import Refused

MAX_TOKEN_CHARACTERS = 256
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # b64token, RFC 6750, 2.1


class Door:
    """One token. Raises Misconfigured when no publisher could give it."""

    def __init__(self, token: str) -> None:
        if not token:
            raise Misconfigured("whip token: there is none, so that nobody may publish; set token in [source]")
        if len(token) > MAX_TOKEN_CHARACTERS or _TOKEN.fullmatch(token) is None:
            raise Misconfigured(
                f"whip token: it has 1 to {MAX_TOKEN_CHARACTERS} characters out of letters, digits and -._~+/"
            )
        self._digest = _digest(token)

    def check(self, authorization: str | None) -> None:
        """Raises Refused, 401 without a token and 403 with a wrong one."""
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(401, "a bearer token is needed")
        if not hmac.compare_digest(_digest(token.strip()), self._digest):
            raise Refused(403, "the token is wrong")


def _digest(token: str) -> bytes:
    # equal lengths, so that comparing tells nothing of the length
    return hashlib.sha256(token.encode(errors="replace")).digest()
