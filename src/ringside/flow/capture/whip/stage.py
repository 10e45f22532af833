"""The stage: who of those who were let in is the publisher. Pure: keys and times enter, actions leave.

One publishes at a time. A second is let in when the first may be replaced (`takeover`), or has been silent for
SILENT_NS: whoever lost his line and calls again finds his place free. He takes it with his first packet, not before,
so that a caller who never gets through costs nobody anything. Who is silent keeps his connection for a while, and goes
on as if nothing had been when his line comes back and his place is still free.
"""

from dataclasses import dataclass

from ringside.flow.capture.whip.errors import Refused

NS_PER_S = 1_000_000_000
SILENT_NS = NS_PER_S
GONE_NS = 30 * NS_PER_S
CONNECT_NS = 10 * NS_PER_S
MOST_GUESTS = 5  # the publisher, and those who are not heard yet

Key = str


@dataclass(frozen=True, slots=True)
class Began:
    """`key` publishes from now on."""

    key: Key


@dataclass(frozen=True, slots=True)
class Ended:
    """The publisher is none any more."""

    key: Key
    reason: str


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing comes from the publisher; his place is free."""

    key: Key


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The connection of `key` is to be closed."""

    key: Key
    reason: str


Action = Began | Ended | Silent | Dismissed


@dataclass(slots=True)
class _Guest:
    since_ns: int
    heard_ns: int | None = None


class Stage:
    """Guests by key, and which of them publishes."""

    def __init__(self, takeover: bool = False) -> None:
        self._takeover = takeover
        self._guests: dict[Key, _Guest] = {}  # the oldest first
        self._silent = False
        self.publisher: Key | None = None

    def __repr__(self) -> str:
        return f"<Stage {len(self._guests)} guests, publisher {self.publisher}{', silent' if self._silent else ''}>"

    @property
    def is_silent(self) -> bool:
        """Whether there is a publisher from whom nothing comes."""
        return self._silent

    def admit(self, now_ns: int) -> None:
        """Whether another may come. Raises Refused."""
        if self.publisher is not None and not self._is_free(now_ns):
            raise Refused(409, "another publisher is on the air")

    def enter(self, key: Key, now_ns: int) -> list[Action]:
        """`key` was let in. Of too many who wait the oldest goes: strangers must not keep the publisher out."""
        out: list[Action] = []
        if len(self._guests) >= MOST_GUESTS:
            oldest = next(known for known in self._guests if known != self.publisher)
            out = self.leave(oldest, "it was not heard of while others came")
        self._guests[key] = _Guest(now_ns)
        return out

    def heard(self, key: Key, now_ns: int) -> list[Action]:
        """A packet of media came from `key`."""
        guest = self._guests.get(key)
        if guest is None:
            return []
        if self.publisher != key:
            return self._new_voice(key, guest, now_ns)
        guest.heard_ns, self._silent = now_ns, False
        return []

    def tick(self, now_ns: int) -> list[Action]:
        """To be called a few times a second."""
        out: list[Action] = []
        for key, guest in list(self._guests.items()):
            if guest.heard_ns is None:
                if now_ns - guest.since_ns >= CONNECT_NS:
                    out += self.leave(key, f"nothing came from it within {CONNECT_NS // NS_PER_S} s")
            elif now_ns - guest.heard_ns >= GONE_NS:
                out += self.leave(key, f"nothing has come from it for {GONE_NS // NS_PER_S} s")
            elif key == self.publisher and not self._silent and self._is_quiet(guest, now_ns):
                self._silent = True
                out.append(Silent(key))
        return out

    def leave(self, key: Key, reason: str) -> list[Action]:
        """`key` is gone, or is to go."""
        if self._guests.pop(key, None) is None:
            return []
        out: list[Action] = []
        if self.publisher == key:
            self.publisher, self._silent = None, False
            out.append(Ended(key, reason))
        return [*out, Dismissed(key, reason)]

    def _new_voice(self, key: Key, guest: _Guest, now_ns: int) -> list[Action]:
        out: list[Action] = []
        if self.publisher is not None:
            if not self._is_free(now_ns):
                return self.leave(key, "another publisher is on the air")
            out = self.leave(self.publisher, "another publisher took over")
        guest.heard_ns, self.publisher = now_ns, key
        return [*out, Began(key)]

    def _is_free(self, now_ns: int) -> bool:
        assert self.publisher is not None
        return self._takeover or self._is_quiet(self._guests[self.publisher], now_ns)

    @staticmethod
    def _is_quiet(guest: _Guest, now_ns: int) -> bool:
        return guest.heard_ns is not None and now_ns - guest.heard_ns >= SILENT_NS
