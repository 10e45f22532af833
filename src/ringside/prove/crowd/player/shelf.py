"""Shelf: what a process knows of one Representation, and the one Request for each of its objects.

Shared by all viewers: manifests enter as they are published, requests leave. Nothing here is any viewer's own.
"""

from ringside.prove.crowd.player.base import Kind, Request, World
from ringside.prove.crowd.player.chunkmap import ChunkMap, Shape
from ringside.prove.crowd.player.kept import keep
from ringside.prove.crowd.player.mpd import read
from ringside.prove.crowd.player.presentation import Presentation, Representation
from ringside.prove.crowd.player.segments import Segment

MANIFESTS = 64
"""Versions of MPDs that are remembered."""


class Shelf:
    """One Representation's objects. `grows`: its segments are watched as they come, chunk by chunk."""

    __slots__ = ("_requests", "_world", "grows", "init", "shape")

    def __init__(self, world: World, representation: Representation, grows: bool) -> None:
        self._world = world
        self._requests: dict[str, Request] = {}
        self.grows = grows
        self.shape = Shape(representation.segments.line)
        url = representation.init_url
        self.init = None if url is None else world.request(url, Kind.INIT, keep=True)

    def request(self, segment: Segment) -> Request:
        """The request for a segment; its `object` is the ChunkMap."""
        known = self._requests.get(segment.url)
        if known is None:
            map = ChunkMap(segment, self.shape)
            asked = self._world.request(segment.url, Kind.MEDIA, grows=self.grows, object=map)
            known = keep(self._requests, segment.url, asked)
        return known


def shelf(world: World, representation: Representation, grows: bool) -> Shelf:
    """The one Shelf of a Representation; it outlives the version of the MPD that it was first seen in."""
    shelves = world.shared("dash.shelves")
    line = representation.segments.line
    media = getattr(representation.segments, "media", "")
    key = (representation.id, representation.init_url, media, line.period_s, line.pto_ticks, grows)
    found: Shelf | None = shelves.get(key)
    if found is None:
        found = keep(shelves, key, Shelf(world, representation, grows))
    return found


def presentation(world: World, body: bytes, url: str) -> Presentation:
    """The MPD in `body`, read once per process. Raises MpdError."""
    known = world.shared("dash.manifests")
    found: Presentation | None = known.get((url, body))
    if found is None:
        found = keep(known, (url, body), read(body, url), MANIFESTS)
    return found
