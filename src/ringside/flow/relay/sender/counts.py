"""What a sender has done, in numbers, and how it says so."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Since the beginning. `packets` and `bytes` (datagrams, without IP) by kind: media, fec, news, checkpoint, table,
    carousel; `objects` by kind; `tracks`: bytes of media by track."""

    turns: int = 0
    cut: int = 0  # turns whose media was not sent, for there was no time
    left_out: int = 0  # turns that no news could carry
    by_unicast: int = 0  # pieces of media that are told, but not sent: of tracks not chosen, or too large
    unsent: int = 0  # packets that the network did not take
    objects: Counter[str] = field(default_factory=Counter)
    packets: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    tracks: Counter[str] = field(default_factory=Counter)

    def sent(self, kind: str, size_bytes: int) -> None:
        """A packet has left."""
        self.packets[kind] += 1
        self.bytes[kind] += size_bytes

    @property
    def overhead_percent(self) -> float:
        """FEC, per cent of media, by bytes."""
        return 100 * self.bytes["fec"] / self.bytes["media"] if self.bytes["media"] else 0.0

    @property
    def other_percent(self) -> float:
        """All that is neither media nor FEC, per cent of media, by bytes."""
        other = self.bytes.total() - self.bytes["media"] - self.bytes["fec"]
        return 100 * other / self.bytes["media"] if self.bytes["media"] else 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a sender: the feed's `state`, what leaves now (bit/s on the wire), what waits (bytes), all counts."""

    state: str
    now_bps: float
    rate_bps: int
    waiting_bytes: int
    counts: Counts

    def line(self) -> str:
        """In one line, for people."""
        counts = self.counts
        said = (
            f"{self.now_bps / 1e6:.1f} of {self.rate_bps / 1e6:.1f} Mbit/s, {counts.turns} turns, "
            f"FEC {counts.overhead_percent:.1f} %, news and tables {counts.other_percent:.1f} %"
        )
        if self.waiting_bytes:
            said += f", {self.waiting_bytes // 1000} kB waiting"
        for number, what in ((counts.cut, "turns cut"), (counts.unsent, "packets not sent")):
            said += f", {number} {what}" if number else ""
        return said if self.state == "live" else f"{said}; the origin is {self.state}"

    def summary(self) -> list[str]:
        """At the end, for people."""
        counts = self.counts
        others = ", ".join(
            f"{kind} {size / 1e6:.2f}" for kind, size in sorted(counts.bytes.items()) if kind not in ("media", "fec")
        )
        said = [
            f"{counts.turns} turns in {counts.packets.total()} packets, {counts.bytes.total() / 1e6:.1f} MB",
            f"{counts.bytes['media'] / 1e6:.1f} MB of media, FEC {counts.overhead_percent:.1f} % on top; "
            f"{others or 'nothing else'} MB",
        ]
        for number, what in (
            (counts.cut, "turns were cut, for the rate was too low or the origin away: edges took them by unicast"),
            (counts.left_out, "turns were left out: edges took them from the origin's feed"),
            (counts.unsent, "packets were not taken by the network"),
        ):
            if number:
                said.append(f"{number} {what}")
        return said
