"""The feed: how what exists reaches the workers of a machine, and the edges on others."""

from ringside.flow.relay.feed.hub import Hub

__all__ = ["Hub"]
