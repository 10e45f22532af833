"""The edge: worker processes that hold a crowd on what is about to exist.

Here are the names that cost nothing to import; the process itself is `worker`.
"""

from ringside.flow.relay.edge.config import Asset, Config

__all__ = ["Asset", "Config"]
