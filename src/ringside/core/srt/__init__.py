"""SRT through the distributor's libsrt: sockets that capture is sent to and that a restream sends with.

A shell, and the only one that knows libsrt. Importing it costs nothing: the library is loaded by `Srt.load`, and what
is wrong with it is one sentence.
"""

from ringside.core.srt.errors import Lost, NoSrt, Refusal
from ringside.core.srt.options import MOST_PASSPHRASE, MOST_STREAM_ID, Options
from ringside.core.srt.socket import Poll, Socket, Srt, Stats

__all__ = ["MOST_PASSPHRASE", "MOST_STREAM_ID", "Lost", "NoSrt", "Options", "Poll", "Refusal", "Socket", "Srt", "Stats"]
