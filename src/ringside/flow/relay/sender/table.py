"""The file table of one transport session (RFC 6726 §3.4.2): what any FLUTE receiver needs; our gateways do not. Pure.

What enters: files that stay and files that pass. What leaves: the table as an object, with the files that stay and the
newest six of the others. It is sent before each object, so whoever loses one table finds the object in a later one.
"""

import zlib
from collections import deque

from ringside.core.alc import NO_CODE, File, info_of, write_fdt
from ringside.flow.relay.sender.packets import Object

NEWEST = 6
LASTS_S = 60
NTP_S = 2_208_988_800  # from 1900 to 1970
MOST_INSTANCE = 0xFFFFF


class Table:
    """Of session `tsi`; `symbol` in bytes."""

    def __init__(self, tsi: int, symbol: int) -> None:
        self._tsi = tsi
        self._symbol = symbol
        self._instance = 0
        self._stays: dict[str, File] = {}
        self._passes: deque[File] = deque(maxlen=NEWEST)

    def __repr__(self) -> str:
        return f"<Table {self._tsi}: {len(self._stays)} stay>"

    def keep(self, file: File) -> None:
        """A file that is sent again and again; it takes the place of what was there."""
        self._stays[file.location] = file

    def forget(self, location: str) -> None:
        """It is sent no more."""
        self._stays.pop(location, None)

    def add(self, file: File) -> None:
        """A file that is sent once."""
        self._passes.append(file)

    def object(self, now_ns: int) -> Object:
        """The table as it is now, good for a minute."""
        self._instance = (self._instance + 1) & MOST_INSTANCE
        xml = write_fdt([*self._stays.values(), *self._passes], now_ns // 10**9 + NTP_S + LASTS_S)
        data = zlib.compress(xml, 9)
        return Object(self._tsi, 0, "table", data, info_of(NO_CODE, len(data), self._symbol), instance=self._instance)
