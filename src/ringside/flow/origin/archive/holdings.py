"""Holdings: what one session has finished, as its catalog tells it: rolls, headers, shards and the index. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ringside.core.catalog import SHARD_SEGMENTS, Index, Listed, Roll, Shard, Version, write_shard
from ringside.core.media import Segment, Track
from ringside.flow.origin.archive.past import Past
from ringside.flow.origin.archive.spool import About
from ringside.flow.origin.lane import Lane
from ringside.flow.origin.publish import Publisher


class Holdings:
    """Of the session `about`. `ended_ns`: Unix time of its end, 0 while it is on."""

    def __init__(self, about: About, rolls: dict[str, Roll] | None = None) -> None:
        self.about = about
        self.rolls = rolls if rolls is not None else {}
        self.target_s = about.timeline.target_s
        self.ended_ns = 0
        self._versions: dict[str, dict[str, Track]] = {}

    def __repr__(self) -> str:
        return f"<Holdings {self.about.session} {self.rolls}>"

    def versions(self, track: str) -> Sequence[Track]:
        """All that a track has been, with its headers; the newest last."""
        return tuple(self._versions.get(track, {}).values())

    def take(self, publisher: Publisher) -> Iterator[tuple[str, Segment]]:
        """What `publisher` has finished since it was looked at last: track and segment."""
        self.target_s = publisher.targets.target_s
        for name, lane in publisher.lanes.items():
            self._know(name, lane)
            segments = lane.window.segments
            roll = self.rolls.setdefault(name, Roll())
            if segments and (not len(roll) or segments[-1].number >= roll.after):
                for segment in _fresh(roll, segments):
                    roll.add(segment)
                    yield name, segment

    def know(self, past: Past) -> None:
        """The tracks of a session that nobody goes on with."""
        for name, lane in past.lanes.items():
            versions = {each: replace(lane.track, init=init) for each, init in lane.headers.items()}
            self._versions[name] = {**versions, lane.track.init_name: lane.track}

    def _know(self, name: str, lane: Lane) -> None:
        versions = self._versions.setdefault(name, {})
        newest = next(reversed(versions.values()), None)
        if newest is lane.track:
            return
        for init_name, init in lane.headers.items():  # of a session taken up, in the order in which they came
            if init_name not in versions and init_name != lane.track.init_name:
                versions[init_name] = replace(lane.track, init=init)
        versions.pop(lane.track.init_name, None)
        versions[lane.track.init_name] = lane.track

    def shard(self, track: str, key: int, below: int) -> bytes:
        """The lines of the shard that begins at `key`, of segments below `below`."""
        return write_shard(self.rolls[track].segments(key, key_after(key, below)))

    def index(self, now_ns: int, below: Mapping[str, int] | None = None) -> Index:
        """What there is; of each track only segments below `below`, where that is given."""
        about = self.about
        tracks = tuple(
            self._listed(name, roll, roll.after if below is None else below.get(name, 0))
            for name, roll in self.rolls.items()
            if self._versions.get(name)
        )
        return Index(
            about.event, about.session, about.title, about.timeline, self.target_s, about.began_ns, now_ns,
            self.ended_ns, tracks,
        )  # fmt: skip

    def _listed(self, name: str, roll: Roll, below: int) -> Listed:
        versions = self.versions(name)
        scale = versions[-1].timescale
        shards = [_summary(key, list(roll.segments(key, key_after(key, below))), scale) for key in keys(roll, below)]
        return Listed(name, tuple(Version.of(track) for track in versions), tuple(s for s in shards if s is not None))


def keys(roll: Roll, below: int) -> range:
    """The shards of a roll that have segments below `below`."""
    return range(shard_key(roll.first), min(below, roll.after), SHARD_SEGMENTS) if below > roll.first else range(0)


def key_after(key: int, below: int) -> int:
    """The number after a shard's last, which is below `below`."""
    return min(key + SHARD_SEGMENTS, below)


def shard_key(number: int) -> int:
    """The number by which the shard of segment `number` goes."""
    return number - number % SHARD_SEGMENTS


def _summary(key: int, segments: list[Segment], timescale: int) -> Shard | None:
    if not segments:
        return None
    last = segments[-1]
    until_ns = (last.start_ticks + last.duration_ticks) * 10**9 // timescale
    return Shard(key, last.number, len(segments), sum(segment.size for segment in segments), until_ns)


def _fresh(roll: Roll, segments: Iterable[Segment]) -> Iterator[Segment]:
    """The segments that `roll` does not have. Numbers that left the window unseen are GAP: only GAP can be so many."""
    for segment in segments:
        if not len(roll):
            yield segment
            continue
        missing = segment.number - roll.after
        if missing > 0:
            last = roll[roll.after - 1]
            start, span = last.start_ticks + last.duration_ticks, segment.start_ticks - last.start_ticks
            span -= last.duration_ticks
            for i in range(missing):
                begin, end = start + span * i // missing, start + span * (i + 1) // missing
                yield Segment(roll.after, begin, end - begin, (), True, segment.init_name, gap=True)
        if segment.number >= roll.after:
            yield segment
