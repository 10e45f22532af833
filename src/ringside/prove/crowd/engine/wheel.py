"""The wheel on which all viewers of a process sit: each is woken twice a second, a fiftieth of them at a time."""

from collections.abc import Callable

from ringside.prove.crowd.engine.session import Session

WAKE_S = 0.5
SLOTS = 50
PERIOD_S = WAKE_S / SLOTS


class Wheel:
    """`next_s` is when the next viewers are due."""

    def __init__(self, began_s: float) -> None:
        self.next_s = began_s
        self._slots: list[list[Session]] = [[] for _ in range(SLOTS)]
        self._slot = 0

    def add(self, session: Session) -> None:
        """One viewer more; it leaves the wheel once it is `gone`."""
        self._slots[session.index % SLOTS].append(session)

    def everyone(self) -> list[Session]:
        """All viewers that are there."""
        return [session for slot in self._slots for session in slot if not session.gone]

    def turn(self, now_s: float, wake: Callable[[Session, float], None]) -> None:
        """Wake all that are due; a wheel that is late by more than a turn leaves turns out."""
        for _ in range(SLOTS):
            if self.next_s > now_s:
                return
            slot = self._slots[self._slot]
            for session in slot:
                if not session.gone:
                    wake(session, now_s)
            if any(session.gone for session in slot):
                slot[:] = [session for session in slot if not session.gone]
            self._slot = (self._slot + 1) % SLOTS
            self.next_s += PERIOD_S
        self.next_s = max(self.next_s, now_s)
