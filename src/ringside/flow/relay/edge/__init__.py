"""The edge: workers that hold a crowd on what is about to exist, and the hub that feeds them."""

from ringside.flow.relay.edge.config import Asset, Config
from ringside.flow.relay.edge.hub import Hub
from ringside.flow.relay.edge.worker import run_worker

__all__ = ["Asset", "Config", "Hub", "run_worker"]
