"""What the tests of a sender's parts have in common: a moment, keys, lanes, a code and a playlist."""

from ringside.core.alc import RAPTORQ
from ringside.core.feed import Playlist
from ringside.core.mabr import Keys
from ringside.flow.relay.sender.packets import Coding

KEYS = Keys(bytes(32), b"p" * 32)
EPOCH, NOW_NS, MS = 7, 1_795_000_000_000_000_000, 1_000_000
MP4, M3U8 = "video/mp4", "application/vnd.apple.mpegurl"
LANES = {"/live/main/v": 10, "/live/main/a": 11}
CODING = Coding(RAPTORQ, 12, 1280)


def playlist(track: str, body: bytes) -> Playlist:
    return Playlist(f"/live/main/{track}/index.m3u8", body, b"", 1, 0, (1, 1), 2, 0.2)
