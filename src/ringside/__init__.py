"""Ringside carries a live event from a camera to every viewer at the same instant."""

__version__ = "0.1.0"
