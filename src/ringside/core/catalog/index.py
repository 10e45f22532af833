"""Index: what one session of an event holds: its tracks, each in all the versions it had, and where its lines are.

Written when something else than the newest shard's lines has changed, so `last`, `segments`, `bytes` and `until_ns` of
a track's newest shard are of the moment of writing; the shard itself says what there is.
"""

import json
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from ringside.core.catalog.names import Names
from ringside.core.catalog.unreadable import Unreadable
from ringside.core.media import Timeline, Track

VERSION = 1
MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Shard:
    """Segments `first` to `last` of a track, of which media of `bytes` is kept, until Unix time `until_ns`."""

    first: int
    last: int
    segments: int
    bytes: int
    until_ns: int


@dataclass(frozen=True, slots=True)
class Version:
    """What a track was while its header was `init_name`; the header's own bytes are not in `track`."""

    init_name: str
    track: Track

    @classmethod
    def of(cls, track: Track) -> "Version":
        """`track`, with its header by name."""
        return cls(track.init_name, replace(track, init=b""))

    def with_header(self, init: bytes) -> Track:
        """The track, whole."""
        return replace(self.track, init=init)


@dataclass(frozen=True, slots=True)
class Listed:
    """One track of a session; the newest version last, shards in the order of their numbers."""

    name: str
    versions: tuple[Version, ...]
    shards: tuple[Shard, ...] = ()

    @property
    def newest(self) -> Version:
        """As it was last."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class Index:
    """A session. `ended_ns`: Unix time of its end, 0 while it has none; `target_s`: its target duration."""

    event: str
    session: str
    title: str
    timeline: Timeline
    target_s: int
    began_ns: int
    updated_ns: int
    ended_ns: int = 0
    tracks: tuple[Listed, ...] = ()

    @property
    def names(self) -> Names:
        """Where its objects are."""
        return Names(self.event, self.session)

    @property
    def media_bytes(self) -> int:
        """All of its media, by what its shards say."""
        return sum(shard.bytes for track in self.tracks for shard in track.shards)

    @property
    def until_ns(self) -> int:
        """Unix time up to which there is media; 0 without any."""
        return max((shard.until_ns for track in self.tracks for shard in track.shards), default=0)

    def track(self, name: str) -> Listed | None:
        """The track of this name."""
        return next((track for track in self.tracks if track.name == name), None)

    def encode(self) -> bytes:
        """As JSON."""
        values = {
            "version": VERSION,
            "event": self.event,
            "session": self.session,
            "title": self.title,
            "segment_s": str(self.timeline.segment_s),
            "part_s": str(self.timeline.part_s),
            "target_s": self.target_s,
            "began_ns": self.began_ns,
            "updated_ns": self.updated_ns,
            "ended_ns": self.ended_ns,
            "tracks": [_track_values(track) for track in self.tracks],
        }
        return json.dumps(values, indent=1).encode()

    @classmethod
    def decode(cls, data: bytes, name: str = "an index") -> "Index":
        """From JSON, which is called `name`. Raises Unreadable."""
        if len(data) > MOST_BYTES:
            raise Unreadable(f"{name} has {len(data)} bytes, more than any index of ours")
        try:
            values = json.loads(data)
            if values["version"] != VERSION:
                raise Unreadable(f"{name} is of version {values['version']!r}, and this program reads {VERSION}")
            return _index_of(values)
        except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError, RecursionError):
            raise Unreadable(f"{name} is no index of an archive") from None


def _index_of(values: dict[str, Any]) -> Index:
    began_ns, updated_ns, ended_ns = (int(values[name]) for name in ("began_ns", "updated_ns", "ended_ns"))
    timeline = Timeline(Fraction(values["segment_s"]), Fraction(values["part_s"]))
    tracks = tuple(_listed(each) for each in values["tracks"])
    event, session, title = (str(values[name]) for name in ("event", "session", "title"))
    target_s = int(values["target_s"])
    return Index(event, session, title, timeline, target_s, began_ns, updated_ns, ended_ns, tracks)


def _track_values(track: Listed) -> dict[str, Any]:
    versions = [{"init": v.init_name, **track_values(v.track)} for v in track.versions]
    return {"name": track.name, "versions": versions, "shards": [asdict(shard) for shard in track.shards]}


def _listed(values: dict[str, Any]) -> Listed:
    name = str(values["name"])
    versions = tuple(Version(str(v["init"]), track_of(name, v)) for v in values["versions"])
    if not versions:
        raise ValueError(f"track {name} has no version")
    shards = tuple(Shard(**{field: int(each[field]) for field in Shard.__slots__}) for each in values["shards"])
    return Listed(name, versions, shards)


def track_values(track: Track) -> dict[str, Any]:
    """A track but for its name and header, JSON-ready."""
    return {
        "kind": track.kind,
        "codec": track.codec,
        "timescale": track.timescale,
        "bandwidth_bps": track.bandwidth_bps,
        "average_bps": track.average_bps,
        "width": track.width,
        "height": track.height,
        "fps": str(track.fps),
        "sample_rate": track.sample_rate,
        "channels": track.channels,
        "language": track.language,
    }


def track_of(name: str, values: dict[str, Any], init: bytes = b"") -> Track:
    """The track that `track_values` was made of. Raises KeyError, ValueError, TypeError for what is none."""
    kind = values["kind"]
    if kind not in ("video", "audio"):
        raise ValueError(f"{kind!r} is no kind of track")
    timescale, bandwidth_bps, average_bps, width, height, sample_rate, channels = (
        int(values[each])
        for each in ("timescale", "bandwidth_bps", "average_bps", "width", "height", "sample_rate", "channels")
    )
    return Track(
        name, kind, str(values["codec"]), timescale, init, bandwidth_bps, average_bps, width, height,
        Fraction(values["fps"]), sample_rate, channels, str(values["language"]),
    )  # fmt: skip
