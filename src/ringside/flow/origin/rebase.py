"""Rebase: from a foreign encoder's own time to UTC, one offset for all the tracks of one run of it.

Its tracks share a zero, so they must share the offset, or sound and picture would come apart. Which tracks belong to
one run is told by their media times: a track that starts over begins a new run, and the others that start over
near it join in. The offset is the producer's own (prft) where that is plausible, otherwise arrival: the first
chunk's end is taken to be now.
"""

from dataclasses import dataclass, field

from ringside.core.media import NS_PER_S

PLAUSIBLE_NS = 10 * NS_PER_S
BACK_NS = NS_PER_S // 2


@dataclass(slots=True)
class Epoch:
    """One run of an encoder: Unix time = media time + `offset_ns`. `reached_ns`: each track's media time so far."""

    offset_ns: int
    reached_ns: dict[str, int] = field(default_factory=dict)

    def advance(self, track: str, end_ns: int) -> None:
        """A chunk of `track` ended at media time `end_ns`."""
        self.reached_ns[track] = max(end_ns, self.reached_ns.get(track, end_ns))

    def continues(self, track: str, start_ns: int) -> bool:
        """Whether a chunk of `track` at media time `start_ns` fits into this run."""
        reached = self.reached_ns.get(track)
        if reached is not None:
            return -BACK_NS <= start_ns - reached <= PLAUSIBLE_NS
        return not self.reached_ns or abs(start_ns - max(self.reached_ns.values())) <= PLAUSIBLE_NS


class Epochs:
    """The newest run of an event's foreign encoder."""

    def __init__(self) -> None:
        self._newest: Epoch | None = None

    def of(self, track: str, start_ns: int, end_ns: int, prft_offset_ns: int | None, now_ns: int) -> Epoch:
        """The run that a session of `track` belongs to, from its first chunk's media times."""
        if self._newest is None or not self._newest.continues(track, start_ns):
            arrival = now_ns - end_ns
            plausible = prft_offset_ns is not None and abs(prft_offset_ns - arrival) <= PLAUSIBLE_NS
            self._newest = Epoch(prft_offset_ns if plausible and prft_offset_ns is not None else arrival)
        return self._newest
