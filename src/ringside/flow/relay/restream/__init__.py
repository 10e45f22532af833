"""Restream: the programme pushed on to other services, over RTMP(S) or SRT, out of an origin's feed.

`take` reads the feed; `queue`, `pace`, `standing` and `publication` decide; `rtmp` and `srt` are the far ends; `aio`
runs it. What the bytes of a chunk mean is known to the `Tools` that are handed in. Here is what is cheap to import.
"""

from ringside.flow.relay.restream.config import Config

__all__ = ["Config"]
