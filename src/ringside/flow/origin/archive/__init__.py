"""Archive: what survives the origin. What is published is written down before it is told; what is finished is kept.

records   what was decided about the windows, a line each            (pure)
past      windows made again from a checkpoint and what followed     (pure)
scribe    the Recorder that writes records of a Publisher            (pure)
spool     the folder of a session on this machine: lines and media
writer    the thread that writes the spool, and the gate that holds messages until it has
uploads   which finished segments the store has, and what is next    (pure)
store     the object store, by its URL
retention what is too old, or too much                               (pure)
keeper    all of that for one session; `reader`: what was kept, read again
"""

from ringside.flow.origin.archive.config import Config

__all__ = ["Config"]
