"""RTMP ingest: our own server, on asyncio, for OBS, ffmpeg and the like.

From the wire inwards: handshake, flv, door and core's chunks, message and amf are pure and know nothing of one
another's callers; session is the state machine over them; connection and server are the shell. Coded frames become
pictures and sound next door (`capture/coded`).
"""

from ringside.flow.capture.rtmp.server import RtmpSource

__all__ = ["RtmpSource"]
