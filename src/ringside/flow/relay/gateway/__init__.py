"""The gateway: an edge that is fed by a multicast group, and by unicast where the group is silent or short.

Here are the names that cost little to import; what stands beside a feed is in `aio`.
"""

from ringside.flow.relay.gateway.config import Config
from ringside.flow.relay.gateway.socket import close, joined

__all__ = ["Config", "close", "joined"]
