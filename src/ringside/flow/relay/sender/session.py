"""The session that a sender describes: which tracks of which event, on which numbers, at which rates. Pure.

What enters: the MPDs of an origin, which name each track and its most bits a second. What leaves: a description for
gateways, and the TSI of each folder whose media is sent. Tracks that come later get numbers of their own; none changes.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from ringside.core.errors import Misconfigured
from ringside.core.mabr import Description, Endpoint, Keys
from ringside.flow.relay.sender.config import SCHEMES, Config

NEWS_TSI, FIRST_TSI = 1, 10
MOST_TRACKS = 64
MAIN = "main"  # the event that is sent where an origin has several
MPD = re.compile(r"/live/([A-Za-z0-9_-]{1,64})/index\.mpd")
REPRESENTATION = re.compile(rb"<Representation\s([^>]*)>")
ID = re.compile(rb'(?:^|\s)id="([A-Za-z0-9_-]{1,64})"')
BANDWIDTH = re.compile(rb'(?:^|\s)bandwidth="([0-9]{1,12})"')


def tracks_of(mpd: bytes) -> dict[str, int]:
    """Tracks, which are the MPD's Representations, and their most bits a second."""
    found: dict[str, int] = {}
    for attributes in REPRESENTATION.findall(mpd):
        name, most = ID.search(attributes), BANDWIDTH.search(attributes)
        if name is not None:
            found[name[1].decode()] = int(most[1]) if most is not None else 0
    return found


class Session:
    """`event` is empty and `tracks` are none until the origin has any; then `lanes` says what is sent where."""

    def __init__(self, config: Config, keys: Keys) -> None:
        self._config = config
        self._keys = keys
        self._events: dict[str, dict[str, int]] = {}
        self._passed: frozenset[str] = frozenset()
        self.event = ""
        self.tracks: dict[str, Endpoint] = {}

    def __repr__(self) -> str:
        return f"<Session {self.event or 'without an event'}, {len(self.tracks)} tracks>"

    @property
    def lanes(self) -> Mapping[str, int]:
        """The TSI by folder."""
        return {f"/live/{self.event}/{track}": endpoint.tsi for track, endpoint in self.tracks.items()}

    @property
    def most_bps(self) -> int:
        """Of all tracks that are sent, together."""
        return sum(self._rates().values())

    def see(self, path: str, body: bytes) -> None:
        """A document of the origin; only MPDs tell something."""
        found = MPD.fullmatch(path)
        if found is not None and (tracks := tracks_of(body)):
            self._events[found[1]] = tracks

    def settle(self) -> bool:
        """Take up what has been seen: True when the description has changed. Raises Misconfigured naming --track."""
        if not self._events:
            return False
        self.event = self.event or (MAIN if MAIN in self._events else min(self._events))
        there = self._events.get(self.event, {})
        chosen = self._config.tracks or tuple(there)
        if not self.tracks and (strange := [track for track in chosen if track not in there]):
            raise Misconfigured(
                f"--track: the event {self.event} has no track {strange[0]}; it has {', '.join(sorted(there))}"
            )
        new = [track for track in chosen if track in there and track not in self.tracks]
        for track in new[: MOST_TRACKS - len(self.tracks)]:
            self.tracks[track] = self._endpoint(FIRST_TSI + len(self.tracks))
        return bool(new)

    def description(self, now_ns: int) -> Description:
        """For gateways, good from now on."""
        config = self._config
        return Description(
            event=self.event, origin=config.origin, news=self._endpoint(NEWS_TSI), tracks=dict(self.tracks),
            fec=SCHEMES[config.fec], overhead=config.overhead, symbol=config.symbol,
            repair=config.repair or (config.origin,), reorder_ms=config.reorder_ms, key=self._keys.group,
            public=self._keys.public, until=now_ns // 10**9 + config.valid_s, rates=self._rates(),
        )  # fmt: skip

    def public(self, now_ns: int) -> Description:
        """The same without the group's key, for anyone who hears the group."""
        return replace(self.description(now_ns), key=bytes(len(self._keys.group)))

    def _rates(self) -> dict[str, int]:
        there = self._events.get(self.event, {})
        return {track: there[track] for track in self.tracks if there.get(track)}

    def _endpoint(self, tsi: int) -> Endpoint:
        return Endpoint(self._config.group, self._config.port, self._config.source, tsi)
