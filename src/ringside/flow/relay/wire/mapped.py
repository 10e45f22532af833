"""Mapped: views of blobs as memory, for writers that must see the bytes: TLS encrypts them, HTTP/2 frames them.

A blob is mapped when it is first asked for, and again when it has grown; all viewers share the mapping, so there is
still one copy of the media on the machine. A mapping takes a descriptor and lives as long as its blob at most.
"""

import mmap
from weakref import WeakKeyDictionary

from ringside.flow.relay.answer.blob import Blob

KEPT = 512  # mappings: beyond that the oldest goes, and is made again if need be

_maps: WeakKeyDictionary[Blob, mmap.mmap] = WeakKeyDictionary()


def view(blob: Blob, at: int, end: int) -> memoryview:
    """Bytes [at, end) of a blob, which exist; raises OSError when the blob is shorter than was said."""
    kept = _maps.get(blob)
    if kept is None or len(kept) < end:
        kept = _map(blob, max(end, blob.size))
        if kept is None:
            return memoryview(blob.read(at, end - at))
    return memoryview(kept)[at:end]


def _map(blob: Blob, size: int) -> mmap.mmap | None:
    """A mapping of the first `size` bytes; None when there are no descriptors left for one."""
    if len(_maps) >= KEPT:
        for oldest in _maps:
            del _maps[oldest]
            break
    try:
        kept = mmap.mmap(blob.fd, size, prot=mmap.PROT_READ)
    except ValueError as error:
        raise OSError("the blob ends early") from error
    except OSError:
        return None
    _maps[blob] = kept
    return kept
