"""Switch: whether a gateway lives by the feed or by the group. Pure: what happened and when enters, actions leave.

`start`: nothing is there yet. `unicast`: the feed tells all; once the group has told every turn for a while, and not
too much of it was lost, the feed is closed: `group`. Silence there, or a gap that does not close, means `bridge`: the
feed is wanted again, and what the group still tells is taken. Each failure makes the next proof of steadiness longer.
"""

from enum import Enum, StrEnum

from ringside.flow.relay.gateway.actions import Action, CloseFeed, OpenFeed

SILENT_NS = 250_000_000  # news are repeated every 50 ms
GAP_NS = 150_000_000  # a turn is told three times, and then repeated
SLEPT_NS = 100_000_000  # between two looks: we were not running, which is no fault of the group's
FIRST_HOLD_NS, LONGEST_HOLD_NS = 1_000_000_000, 30_000_000_000
PROVEN_NS = 60_000_000_000  # a group that lasted so long begins with the first hold again
LEAST_SHARE = 0.6  # of the packets sent, received
MAX_ASIDE = 64


class State(StrEnum):
    """Where turns come from."""

    START = "start"
    UNICAST = "unicast"
    GROUP = "group"
    BRIDGE = "bridge"


class Event(Enum):
    """What can happen to a state."""

    FED = "the feed has told all"
    ENDED = "the feed is gone"
    STEADY = "the group tells all"
    LOST = "the group is silent or has a gap"


NEXT = {
    (State.START, Event.FED): State.UNICAST,
    (State.UNICAST, Event.ENDED): State.BRIDGE,
    (State.UNICAST, Event.STEADY): State.GROUP,
    (State.GROUP, Event.LOST): State.BRIDGE,
    (State.BRIDGE, Event.FED): State.UNICAST,
}


class Flow:
    """The turns that the group has told without a gap: from `first` to `last`, since `since_ns`."""

    def __init__(self) -> None:
        self.first = self.last = -1
        self.since_ns = 0
        self._aside: set[int] = set()
        self._gap_ns = 0
        self._sent = self._received = 0  # packets

    @property
    def share(self) -> float:
        """Of the packets sent, those received; 1 while nothing is known."""
        return self._received / self._sent if self._sent else 1.0

    @property
    def has_gap(self) -> bool:
        """Whether later turns were told, and one before them was not."""
        return bool(self._aside)

    def told(self, number: int, now_ns: int) -> bool:
        """The group tells a turn; whether for the first time. Turns before the first do not count."""
        if self.last < 0:
            self._begin(number, now_ns)
            return True
        if number <= self.last or number in self._aside:
            return False
        if not self._aside:
            self._gap_ns = now_ns
        self._aside.add(number)
        self._join()
        if len(self._aside) > MAX_ASIDE:
            self._begin(min(self._aside), now_ns)
        return True

    def measured(self, received: int, sent: int) -> None:
        """Of an object's packets so many have come."""
        self._received += min(received, sent)
        self._sent += sent

    def look(self, now_ns: int) -> None:
        """A gap that does not close begins it anew behind the gap."""
        if self._aside and now_ns - self._gap_ns > GAP_NS:
            self._begin(min(self._aside), now_ns)

    def _begin(self, number: int, now_ns: int) -> None:
        self.first = self.last = number
        self.since_ns = now_ns
        self._sent = self._received = 0
        self._aside.discard(number)
        self._gap_ns = now_ns
        self._join()

    def _join(self) -> None:
        while self.last + 1 in self._aside:
            self.last += 1
            self._aside.discard(self.last)


class Switch:
    """The state of one gateway. `since_ns`: in it; `switches`: to the group and from it; `why` it left the group."""

    def __init__(self, now_ns: int) -> None:
        self.state = State.START
        self.since_ns = now_ns
        self.switches = 0
        self.why = ""
        self.flow = Flow()
        self._hold_ns = FIRST_HOLD_NS
        self._heard_ns = self._looked_ns = now_ns
        self._gap_ns = 0  # since when turns are missing; 0: none are

    def __repr__(self) -> str:
        return f"<Switch {self.state}{f' ({self.why})' if self.why else ''}>"

    def heard(self, now_ns: int) -> None:
        """News of the group can be read, or are repeated."""
        self._heard_ns = max(self._heard_ns, now_ns)

    def fed(self, now_ns: int) -> list[Action]:
        """The feed has told all that it has; changes follow."""
        return self._on(Event.FED, now_ns)

    def ended(self, now_ns: int) -> list[Action]:
        """The feed is gone; whoever has it tries again."""
        return self._on(Event.ENDED, now_ns)

    def lost(self, why: str, now_ns: int) -> list[Action]:
        """The group cannot be lived by; what it told proves nothing any more."""
        self.flow = Flow()
        if self.state is not State.GROUP:
            return []
        if now_ns - self.since_ns >= PROVEN_NS:
            self._hold_ns = FIRST_HOLD_NS
        self._hold_ns = min(self._hold_ns * 2, LONGEST_HOLD_NS)
        self.why = why
        return [*self._on(Event.LOST, now_ns), OpenFeed(why)]

    def look(self, base: int, known: int, newest: int, now_ns: int) -> list[Action]:
        """Time has passed. All up to turn `base` is published, up to `known` told, and `newest` too."""
        slept_ns = now_ns - self._looked_ns
        self._looked_ns = now_ns
        if slept_ns > SLEPT_NS:
            self._heard_ns = min(now_ns, self._heard_ns + slept_ns)
            self._gap_ns += slept_ns if self._gap_ns else 0
        self.flow.look(now_ns)
        if newest <= known:
            self._gap_ns = 0
        elif not self._gap_ns:
            self._gap_ns = now_ns
        silent_ns = now_ns - self._heard_ns
        if silent_ns > SILENT_NS:
            return self.lost(f"the group is silent for {SILENT_NS // 10**6} ms", now_ns)
        if self.state is State.GROUP and self._gap_ns and now_ns - self._gap_ns > GAP_NS:
            return self.lost("the group left out a turn", now_ns)
        if self.state is State.UNICAST and self._is_steady(base, known, now_ns):
            return [*self._on(Event.STEADY, now_ns), CloseFeed()]
        return []

    def _is_steady(self, base: int, known: int, now_ns: int) -> bool:
        flow = self.flow
        lasts = flow.last >= 0 and now_ns - flow.since_ns >= self._hold_ns
        joins = flow.first <= base + 1 and flow.last <= known and not self._gap_ns
        return lasts and joins and not flow.has_gap and flow.share >= LEAST_SHARE

    def _on(self, event: Event, now_ns: int) -> list[Action]:
        state = NEXT.get((self.state, event), self.state)
        if state is not self.state:
            self.switches += State.GROUP in (state, self.state)
            self.state, self.since_ns = state, now_ns
            if state is State.GROUP:
                self.why = ""
        return []
