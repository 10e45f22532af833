"""ISO BMFF and CMAF boxes, read and written; one file per box or family of boxes. Bytes and values, nothing else."""

from ringside.core.boxes.box import BoxError
from ringside.core.boxes.chunk import ChunkInfo, parse_chunk
from ringside.core.boxes.header import Header, parse_init
from ringside.core.boxes.mark import Mark, read_mark, write_mark
from ringside.core.boxes.retime import retime
from ringside.core.boxes.splitter import Init, Raw, Splitter

__all__ = [
    "BoxError", "ChunkInfo", "Header", "Init", "Mark", "Raw", "Splitter", "parse_chunk", "parse_init", "read_mark",
    "retime", "write_mark",
]  # fmt: skip
