"""ALC and FLUTE (RFC 5775, RFC 6726): packets of objects, read and written, and the codes that mend what is lost."""

from ringside.core.alc.auth import KEY_BYTES, Mac, Window
from ringside.core.alc.fdt import BadFdt, File, inflated, read_fdt, write_fdt
from ringside.core.alc.fec import Gather, encode
from ringside.core.alc.fti import MOST_BYTES, NO_CODE, RAPTORQ, REED_SOLOMON, Info, info_of
from ringside.core.alc.lct import BadPacket
from ringside.core.alc.location import BadLocation, name_of
from ringside.core.alc.packet import Packet, Rules, read, write
from ringside.core.alc.session import Limits, Session

__all__ = [
    "KEY_BYTES", "MOST_BYTES", "NO_CODE", "RAPTORQ", "REED_SOLOMON", "BadFdt", "BadLocation", "BadPacket", "File",
    "Gather", "Info", "Limits", "Mac", "Packet", "Rules", "Session", "Window", "encode", "inflated", "info_of",
    "name_of", "read", "read_fdt", "write", "write_fdt",
]  # fmt: skip
