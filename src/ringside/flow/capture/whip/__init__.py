"""WHIP ingest (RFC 9725): our own server for OBS, browsers and whoever else publishes by WebRTC.

door, offer, stage and sync are pure and decide; receiver is what we take from aiortc, peer the shell around one of its
connections, web what is answered over HTTP, server the thread that holds all that. Coded frames become pictures and
sound next door (`capture/coded`).
"""

from ringside.flow.capture.whip.server import source

__all__ = ["source"]
