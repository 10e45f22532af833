"""Outlet: the actions of a mapping, done: groups and frames of moq-rs.

What enters: actions, and the descriptors of blobs. What leaves: frames in the groups of an OriginProducer, from which
every session takes at its own pace. What is kept for them is bounded (`cache_bytes`, `keep_s`); who is slower is moved
on to a newer group by the library. A frame that cannot be read or written is dropped and counted.
"""

import logging
import os
from collections.abc import Iterable

import moq

from ringside.core.clock import Clock
from ringside.flow.relay.moq.config import Config
from ringside.flow.relay.moq.mapping import Action, Chunks, End, Forget, Group, Over, Place

log = logging.getLogger(__name__)


class Outlet:
    """What is published at `origin`. Counters since it began: `groups`, `frames`, `bytes`, `dropped` (frames)."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.origin = moq.OriginProducer(cache_capacity_bytes=config.cache_bytes)
        self._clock = clock
        self._info = moq.TrackInfo(max_age_us=int(config.keep_s * 1e6))
        self._broadcasts: dict[str, moq.BroadcastProducer] = {}
        self._tracks: dict[Place, moq.TrackProducer] = {}
        self._groups: dict[Place, moq.GroupProducer] = {}
        self._memory: dict[int, int] = {}
        self.groups = self.frames = self.bytes = self.dropped = 0

    def __repr__(self) -> str:
        return f"<Outlet {len(self._tracks)} tracks {self.frames} frames {self.dropped} dropped>"

    @property
    def broadcast(self) -> str:
        """The broadcast that is published, `live/{event}`; empty when there is none yet."""
        return next(iter(self._broadcasts), "")

    @property
    def tracks(self) -> int:
        """How many tracks are published."""
        return len(self._tracks)

    def hold(self, blob: int, fd: int) -> None:
        """The bytes of `blob` are behind `fd`, which is ours from now on."""
        self.forget(blob)
        self._memory[blob] = fd

    def forget(self, blob: int) -> None:
        """Close the descriptor of `blob`."""
        fd = self._memory.pop(blob, None)
        if fd is not None:
            os.close(fd)

    def act(self, actions: Iterable[Action]) -> None:
        """Do them, in order."""
        for action in actions:
            match action:
                case Chunks(place, blob, first, end):
                    self._write(place, self._read(blob, first, end))
                case Group(place, header):
                    self._begin(place, header)
                case Over(place):
                    self._end(place)
                case End(place):
                    self._finish(place)
                case Forget(blob):
                    self.forget(blob)

    def close(self) -> None:
        """Let go of all memory. Nothing is ended: it is this process that goes, not the event."""
        for blob in tuple(self._memory):
            self.forget(blob)

    def _begin(self, place: Place, header: bytes) -> None:
        self._end(place)
        try:
            self._groups[place] = self._track(place).append_group()
        except moq.Error as error:
            log.warning("no group can be begun on %s: %s", place.track, error)
            return
        self.groups += 1
        self._write(place, header)

    def _end(self, place: Place) -> None:
        _over(self._groups.pop(place, None), f"a group of {place.track}")

    def _finish(self, place: Place) -> None:
        """Subscribers are told that nothing follows. Should the track come back, it is another."""
        self._end(place)
        _over(self._tracks.pop(place, None), f"the track {place.track}")

    def _track(self, place: Place) -> moq.TrackProducer:
        track = self._tracks.get(place)
        if track is None:
            broadcast = self._broadcasts.get(place.broadcast)
            if broadcast is None:
                broadcast = self._broadcasts[place.broadcast] = self.origin.create_broadcast(place.broadcast)
                broadcast.announce()
            track = self._tracks[place] = broadcast.publish_track(place.track, self._info)
        return track

    def _read(self, blob: int, first: int, end: int) -> bytes:
        fd = self._memory.get(blob, -1)
        try:
            return os.pread(fd, end - first, first)
        except OSError as error:
            log.warning("%d bytes of blob %d cannot be read: %s", end - first, blob, error.strerror)
            return b""

    def _write(self, place: Place, data: bytes) -> None:
        group = self._groups.get(place)
        if group is None or not data:
            self.dropped += 1
            return
        try:
            group.write_frame(data, self._clock.now_ns() // 1000)
        except moq.Error as error:
            self.dropped += 1
            log.debug("a frame of %s is dropped: %s", place.track, error)
            return
        self.frames += 1
        self.bytes += len(data)


def _over(what: moq.GroupProducer | moq.TrackProducer | None, name: str) -> None:
    """Nothing follows in it; subscribers are told."""
    try:
        if what is not None:
            what.finish()
    except moq.Error as error:
        log.debug("%s was over already: %s", name, error)
