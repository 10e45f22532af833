"""The edge: worker processes that hold a crowd on what is about to exist."""

from ringside.flow.relay.edge.config import Asset, Config
from ringside.flow.relay.edge.worker import run_worker

__all__ = ["Asset", "Config", "run_worker"]
