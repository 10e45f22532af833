"""SRT through the distributor's libsrt: sockets that capture is sent to and that a restream sends with.

A shell, and the only one that knows libsrt. Here is what costs nothing to import; the sockets are in `socket`, where
`Srt.load` loads the library, or says in one sentence what is wrong with it.
"""

from ringside.core.srt.errors import Lost, NoSrt, Refusal
from ringside.core.srt.options import MOST_PASSPHRASE, MOST_STREAM_ID, Options

__all__ = ["MOST_PASSPHRASE", "MOST_STREAM_ID", "Lost", "NoSrt", "Options", "Refusal"]
