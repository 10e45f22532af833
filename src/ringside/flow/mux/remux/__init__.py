"""Remux: published chunks made into what other services take: FLV for RTMP, MPEG-TS for SRT. Nothing is encoded anew.

Programme chooses the tracks and puts their frames in one order; a writer, one for each connection, makes bytes of them.
"""

from ringside.flow.mux.remux.flv import Flv
from ringside.flow.mux.remux.packet import Codec, Codecs, Packet, Tag
from ringside.flow.mux.remux.programme import Programme

__all__ = ["Codec", "Codecs", "Flv", "Packet", "Programme", "Tag"]
