"""A server that does everything a server should not: `with Hostile() as hostile: hostile.at("gzip-bomb")`.

What it serves is chosen by the first word of the path: a name from `replies` (how the bytes of an answer misbehave),
from `playlists` or `mpds` (manifests that are wrong in themselves), or `via-segment/NAME/` and its like: a proper live
stream whose segments, parts, renditions, headers or clock are answered as NAME. Real sockets on the loopback; every
conversation, thread and byte of it is bounded, and all end with the context.
"""

from tests.hostile.server import BEHAVIOURS, TLS, VIA, Hostile

__all__ = ["BEHAVIOURS", "TLS", "VIA", "Hostile"]
