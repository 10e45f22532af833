"""Door: who may send over SRT. Pure.

A caller's stream id enters; the passphrase that it has to have leaves, or why it may not come in. The id is compared in
constant time, whole, or as the resource of SRT's access control syntax (`#!::r=ID,m=publish`); it is never repeated in
a sentence: what a stranger sent may be nearly the right one. That it has the passphrase is proved by libsrt.
"""

import hmac

from ringside.core.srt import Refusal

CONTROL = "#!::"
WHY = {
    Refusal.UNAUTHORIZED: "its stream id is wrong",
    Refusal.BAD_MODE: "it wants to receive, and there is nothing to be had here",
    Refusal.CONFLICT: "somebody else is sending",
}


class Door:
    """`stream_id` empty: any. `passphrase` empty: none, and a caller that has one is refused by libsrt."""

    def __init__(self, stream_id: str, passphrase: str) -> None:
        self._wanted = stream_id.encode()
        self._passphrase = passphrase

    def judge(self, stream_id: str, busy: bool) -> str | Refusal:
        """The passphrase, or the refusal. `busy`: somebody sends, and is not to be replaced."""
        resource, mode = read(stream_id)
        if mode not in ("", "publish", "bidirectional"):
            return Refusal.BAD_MODE
        if self._wanted and not (self._is_wanted(stream_id) or self._is_wanted(resource)):
            return Refusal.UNAUTHORIZED
        return Refusal.CONFLICT if busy else self._passphrase

    def _is_wanted(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._wanted)


def read(stream_id: str) -> tuple[str, str]:
    """(resource, mode) of a stream id in access control syntax; of any other, itself and no mode."""
    if not stream_id.startswith(CONTROL):
        return stream_id, ""
    fields = dict(field.partition("=")[::2] for field in stream_id.removeprefix(CONTROL).split(","))
    return fields.get("r", ""), fields.get("m", "")
