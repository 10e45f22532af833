"""RTMP ingest: our own server, on asyncio, for OBS, ffmpeg and the like.

From the wire inwards: handshake, core.rtmp (chunks, messages, AMF), flv and door are pure and know nothing of one
another's callers; session is the state machine over them; connection and server are the shell; backlog and decoder turn coded
frames into pictures and sound for the sink.
"""

from ringside.flow.capture.rtmp.server import RtmpSource

__all__ = ["RtmpSource"]
