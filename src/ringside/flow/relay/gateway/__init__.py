"""The gateway: an edge that is fed by a multicast group, and by unicast where the group is silent or short."""

from ringside.flow.relay.gateway.aio import beside
from ringside.flow.relay.gateway.config import Config
from ringside.flow.relay.gateway.socket import close, joined

__all__ = ["Config", "beside", "close", "joined"]
