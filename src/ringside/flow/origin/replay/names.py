"""Names: paths of what may be asked for, read. Pure.

/live/{event}/dvr.m3u8                  the DVR of hours: its multivariant playlist,
/live/{event}/{track}/dvr.m3u8          a track's playlist of all that is kept of a running event,
/live/{event}/{track}/{n}.m4s           and its segments that have left memory
/replay/{event}/index.m3u8, index.mpd   an event that has ended
/replay/{event}/{track}/index.m3u8, init-{hash}.mp4, {n}.m4s
"""

import re
from enum import StrEnum
from typing import NamedTuple

DVR = "dvr.m3u8"
PLAYLIST = "index.m3u8"
MPD = "index.mpd"
PATH = re.compile(r"/(live|replay)/([A-Za-z0-9_-]+)/(?:([A-Za-z0-9_.-]+)/)?([A-Za-z0-9_.-]+)")
NUMBER = re.compile(r"(0|[1-9]\d{0,17})\.m4s", re.ASCII)
INIT = re.compile(r"init-[0-9a-f]+\.mp4")


class Kind(StrEnum):
    """What a path names."""

    MULTIVARIANT = "multivariant"
    PLAYLIST = "playlist"
    MPD = "mpd"
    SEGMENT = "segment"
    HEADER = "header"


class Asked(NamedTuple):
    """A path, read. `replay`: of an event that has ended; `name`: of the header; `number`: of the segment."""

    kind: Kind
    replay: bool
    event: str
    track: str = ""
    name: str = ""
    number: int = -1


def asked(path: str) -> Asked | None:
    """What `path` asks for; None where it is nothing of ours. A query does not matter."""
    found = PATH.fullmatch(path.partition("?")[0])
    if found is None:
        return None
    realm, event, track, name = found.groups(default="")
    replay = realm == "replay"
    if name == (PLAYLIST if replay else DVR):
        return Asked(Kind.PLAYLIST if track else Kind.MULTIVARIANT, replay, event, track)
    if name == MPD and replay and not track:
        return Asked(Kind.MPD, replay, event)
    if not track:
        return None
    if (number := NUMBER.fullmatch(name)) is not None:
        return Asked(Kind.SEGMENT, replay, event, track, number=int(number[1]))
    if INIT.fullmatch(name) and replay:
        return Asked(Kind.HEADER, replay, event, track, name)
    return None
