"""The catalog: what an archive holds of an event, and the names under which it does. Pure; bytes in, bytes out.

An event's archive is a folder of sessions (one run of the event each), a session a folder of tracks:

    {event}/{session}/index.json                     what there is, and whether it has ended
    {event}/{session}/{track}/init-{hash}.mp4        CMAF headers
    {event}/{session}/{track}/{n}.m4s                finished segments, as viewers had them
    {event}/{session}/{track}/catalog-{n}.jsonl      up to 300 segments from n on, a line each
"""

from ringside.core.catalog.index import Index, Listed, Shard, Version
from ringside.core.catalog.names import Names, began_ns_of, session_name
from ringside.core.catalog.roll import Roll
from ringside.core.catalog.shard import SHARD_SEGMENTS, read_shard, write_shard
from ringside.core.catalog.unreadable import Unreadable

__all__ = [
    "SHARD_SEGMENTS",
    "Index",
    "Listed",
    "Names",
    "Roll",
    "Shard",
    "Unreadable",
    "Version",
    "began_ns_of",
    "read_shard",
    "session_name",
    "write_shard",
]
