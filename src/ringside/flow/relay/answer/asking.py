"""Asking: what this worker has asked its filler for, so that it asks for each thing once. Pure."""

from collections.abc import Iterable

AGAIN_NS = 10_000_000_000  # a question nobody answered is asked again
MAX_ASKED = 100_000


class Asking:
    """Keys that were asked for and not told of yet, each with the time at which it may be asked for again."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Asking for {len(self._asked)}>"

    def __len__(self) -> int:
        return len(self._asked)

    def due(self, key: str, now_ns: int) -> bool:
        """Whether to ask for `key` now; it then counts as asked."""
        again_ns = self._asked.get(key)
        if again_ns is not None and now_ns < again_ns:
            return False
        self._asked.pop(key, None)
        if len(self._asked) >= MAX_ASKED:
            del self._asked[next(iter(self._asked))]  # the oldest
        self._asked[key] = now_ns + AGAIN_NS
        return True

    def told(self, keys: Iterable[str]) -> None:
        """Something was told about `keys`: they may be asked for again at once."""
        if self._asked:
            for key in keys:
                self._asked.pop(key, None)

    def forget(self) -> None:
        """Whoever was asked is gone."""
        self._asked.clear()
