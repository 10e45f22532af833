"""Tally: all that one process counts about its viewers. Tallies of several processes are merged by adding.

The engine tells it of each viewer's arrival, first frame, failure and leaving, and once a second shows it what the
viewer feels; the tally takes the differences. Counters that the engine moves itself (`requests`, `bytes`, ...) are
plain attributes. What a server can make up at will (reasons, statuses, rungs) is counted under a bounded number of
names, the rest under OTHER. A row per second is kept for SERIES_S; seconds after that are left out and counted.
"""

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from ringside.prove.crowd.tally.histogram import Histogram

if TYPE_CHECKING:
    from ringside.prove.crowd.player.base import Feel

SERIES_S = 4 * 3600
MAX_NAMES = 64
MAX_NAME_LENGTH = 200
OTHER = "other"
COUNTERS = (
    "arrived",
    "joins",
    "rejoins",
    "failures",
    "leavings",
    "pictureless",
    "stalled_viewers",
    "stalls",
    "stalled_s",
    "watched_s",
    "switches",
    "on_time",
    "late",
    "requests",
    "replies",
    "bytes",
    "retries",
    "redirects",
    "connections",
    "dropped",
    "seconds_left_out",
)
HISTOGRAMS = ("ttff", "rejoin", "latency", "stall")
TABLES = ("statuses", "reasons", "problems", "rungs", "latency_sources")
ON, PLAYING, STALLED, LEAST, MOST, BYTES = range(6)
"""A row: viewers there, of them playing and stalled; least and most latency (s) of those at the live edge; bytes."""


class _Seen:
    """What a viewer had felt when it was last looked at."""

    __slots__ = ("late", "live", "on_time", "stalled_s", "stalls", "switches", "watched_s")

    def __init__(self, live: bool) -> None:
        self.live = live
        self.stalls = self.switches = self.on_time = self.late = 0
        self.stalled_s = self.watched_s = 0.0


class Tally:
    """Counts of one process, or of all of them once merged."""

    arrived = 0
    """Viewers that came, those who replaced others included."""
    joins = 0
    """Viewers that saw a first frame."""
    rejoins = 0
    """First frames after a reconnect."""
    failures = 0
    """Viewers whose player gave up, before the first frame or after."""
    leavings = 0
    pictureless = 0
    """Viewers that left, or were taken away, without having seen a frame."""
    stalled_viewers = 0
    """Viewers that stalled at least once."""
    stalls = 0
    stalled_s = 0.0
    watched_s = 0.0
    switches = 0
    on_time = 0
    late = 0
    requests = 0
    replies = 0
    bytes = 0
    """As received, heads of replies included; of what TLS carried, the bytes within."""
    retries = 0
    redirects = 0
    connections = 0
    dropped = 0
    """Whatever a bounded queue had no room for."""
    seconds_left_out = 0

    def __init__(self) -> None:
        self.ttff = Histogram()
        self.rejoin = Histogram()
        """From a reconnect to the picture."""
        self.latency = Histogram()
        """One value for each viewer and second at the live edge."""
        self.stall = Histogram()
        """Lengths of stalls that ended."""
        self.statuses: dict[str, int] = {}
        self.reasons: dict[str, int] = {}
        """Why viewers failed."""
        self.problems: dict[str, int] = {}
        """Why requests brought no reply."""
        self.rungs: dict[str, int] = {}
        """Seconds played by the variant's bandwidth, bits a second."""
        self.latency_sources: dict[str, int] = {}
        """Viewers by what their latency was read from."""
        self.rows: dict[int, list[float]] = {}
        """A row for each second since the crowd's start."""
        self._seen: dict[Feel, _Seen] = {}
        self._second = -1
        self._row: list[float] = _new_row()
        self._rung_s: dict[int, int] = {}
        self._bytes_in_rows = 0

    @property
    def on(self) -> int:
        """Viewers there now."""
        return len(self._seen)

    def came(self, feel: "Feel", live: bool = True, *, again: bool = False) -> None:
        """A viewer came; one that is not `live` is behind by choice, and its latency is not counted.

        `again`: it had been there, and its connections had dropped: one viewer, of whom `left` was said.
        """
        if again:
            self.leavings -= 1
        else:
            self.arrived += 1
        self._seen[feel] = _Seen(live)

    def joined(self, ttff_s: float, *, again: bool = False) -> None:
        """A viewer saw its first frame, or its first since it came `again`."""
        if again:
            self.rejoins += 1
            self.rejoin.record(ttff_s)
            return
        self.joins += 1
        self.ttff.record(ttff_s)

    def failed(self, reason: str) -> None:
        """A viewer's player gave up."""
        self.failures += 1
        _count(self.reasons, reason)

    def status(self, code: int) -> None:
        """A reply came with this status."""
        self.replies += 1
        _count(self.statuses, str(code))

    def problem(self, reason: str) -> None:
        """A request brought no reply."""
        _count(self.problems, reason)

    def latency_from(self, source: str) -> None:
        """A viewer's latency is read from this (`prft`, `date-time`, ...); said once for each viewer."""
        _count(self.latency_sources, source)

    def second(self, second: int, feel: "Feel") -> None:
        """Look at a viewer, as happens about once a second; `second` counts from the crowd's start."""
        if second != self._second:
            self._open(second)
        try:
            seen = self._seen[feel]
        except KeyError:
            self.came(feel)
            seen = self._seen[feel]
        row = self._row
        if feel.playing:
            row[PLAYING] += 1
            rungs = self._rung_s
            rungs[feel.rung_bps] = rungs.get(feel.rung_bps, 0) + 1
            latency_s = feel.latency_s
            if latency_s is not None and seen.live:
                self.latency.record(latency_s)
                if latency_s < row[LEAST]:
                    row[LEAST] = latency_s
                if latency_s > row[MOST]:
                    row[MOST] = latency_s
        elif feel.stall_began_s is not None:
            row[STALLED] += 1
        self._take(feel, seen)

    def left(self, feel: "Feel", now_s: float | None = None) -> None:
        """A viewer is gone, for whatever reason; a stall that lasts ends at `now_s`."""
        if feel not in self._seen:
            self.came(feel)
        seen = self._seen[feel]
        self._take(feel, seen)
        if now_s is not None and feel.stall_began_s is not None:
            self.stalled_s += now_s - feel.stall_began_s
            self.stall.record(now_s - feel.stall_began_s)
        self.leavings += 1
        self.pictureless += feel.first_frame_s is None
        del self._seen[feel]

    def _take(self, feel: "Feel", seen: _Seen) -> None:
        """Count what a viewer felt since it was last looked at."""
        self.watched_s += feel.watched_s - seen.watched_s
        seen.watched_s = feel.watched_s
        if feel.on_time != seen.on_time:
            self.on_time += feel.on_time - seen.on_time
            seen.on_time = feel.on_time
        if feel.stalls != seen.stalls or feel.stalled_s != seen.stalled_s or feel.late != seen.late:
            self._take_trouble(feel, seen)
        if feel.switches != seen.switches:
            self.switches += feel.switches - seen.switches
            seen.switches = feel.switches

    def _take_trouble(self, feel: "Feel", seen: _Seen) -> None:
        self.late += feel.late - seen.late
        seen.late = feel.late
        if feel.stalls and not seen.stalls:
            self.stalled_viewers += 1
        self.stalls += feel.stalls - seen.stalls
        seen.stalls = feel.stalls
        if feel.stalled_s != seen.stalled_s:
            self.stalled_s += feel.stalled_s - seen.stalled_s
            self.stall.record(feel.stalled_s - seen.stalled_s)
            seen.stalled_s = feel.stalled_s

    def _open(self, second: int) -> None:
        """Begin the row of a second, or go back to it."""
        self._close()
        self._second = second
        row = self.rows.get(second)
        if row is None:
            row = _new_row()
            if len(self.rows) < SERIES_S:
                self.rows[second] = row
            else:
                self.seconds_left_out += 1
        self._row = row

    def _close(self) -> None:
        """Bring the current row and the rungs up to date."""
        if self._second < 0:
            return
        self._row[ON] = max(self._row[ON], self.on)
        self._row[BYTES] += self.bytes - self._bytes_in_rows
        self._bytes_in_rows = self.bytes
        for rung_bps, played_s in self._rung_s.items():
            _count(self.rungs, str(rung_bps), played_s)
        self._rung_s.clear()

    def merge(self, other: "Tally") -> None:
        """Add what another process counted."""
        other._close()
        self._close()
        for name in COUNTERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self._bytes_in_rows = self.bytes
        for name in HISTOGRAMS:
            getattr(self, name).merge(getattr(other, name))
        for name in TABLES:
            for key, count in getattr(other, name).items():
                _count(getattr(self, name), key, count)
        for second, row in other.rows.items():
            self._merge_row(second, row)

    def _merge_row(self, second: int, row: list[float]) -> None:
        mine = self.rows.get(second)
        if mine is None:
            if len(self.rows) >= SERIES_S:
                self.seconds_left_out += 1
                return
            mine = self.rows[second] = _new_row()
        for i in (ON, PLAYING, STALLED, BYTES):
            mine[i] += row[i]
        mine[LEAST] = min(mine[LEAST], row[LEAST])
        mine[MOST] = max(mine[MOST], row[MOST])

    def to_json(self) -> dict[str, Any]:
        """Everything counted so far, as plain types; latencies of a row are null where nobody's is known."""
        self._close()
        rows = []
        for second, row in self.rows.items():
            known = -inf < row[LEAST] <= row[MOST] < inf
            least, most = (round(row[LEAST], 3), round(row[MOST], 3)) if known else (None, None)
            rows.append([second, row[ON], row[PLAYING], row[STALLED], least, most, row[BYTES]])
        return {
            **{name: getattr(self, name) for name in COUNTERS},
            **{name: getattr(self, name).to_json() for name in HISTOGRAMS},
            **{name: dict(getattr(self, name)) for name in TABLES},
            "rows": rows,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Tally":
        """The tally that `to_json` wrote, to be merged or judged; it has no viewers of its own."""
        tally = cls()
        for name in COUNTERS:
            setattr(tally, name, document[name])
        tally._bytes_in_rows = tally.bytes
        for name in HISTOGRAMS:
            setattr(tally, name, Histogram.from_json(document[name]))
        for name in TABLES:
            setattr(tally, name, {key: int(count) for key, count in document[name].items()})
        for second, on, playing, stalled, least, most, nbytes in document["rows"]:
            bounds = (inf, -inf) if least is None else (least, most)
            tally.rows[int(second)] = [on, playing, stalled, *bounds, nbytes]
        return tally

    def __repr__(self) -> str:
        return f"{self.on} on of {self.arrived}, {self.joins} joined, {self.failures} failed, {self.stalls} stalls"


def _new_row() -> list[float]:
    return [0, 0, 0, inf, -inf, 0]


def _count(table: dict[str, int], key: str, count: int = 1) -> None:
    if key not in table:
        key = key[:MAX_NAME_LENGTH] if len(table) < MAX_NAMES else OTHER
    table[key] = table.get(key, 0) + count
