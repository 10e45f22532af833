"""The feed: how what exists reaches the workers of a machine, and the edges on others."""

from ringside.flow.relay.feed.hub import Hub
from ringside.flow.relay.feed.remote import asks_for_feed, refuse
from ringside.flow.relay.feed.shelf import Shelf

__all__ = ["Hub", "Shelf", "asks_for_feed", "refuse"]
