"""Recall: the media of a finished segment, from wherever it is: the spool, a folder that is a store, or another store.

A disk may be slow: files are read in a thread.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from ringside.core.catalog import Names
from ringside.flow.origin.archive.holdings import Holdings
from ringside.flow.origin.archive.store import Down, Missing, Store, sentence


class Recall:
    """Of one session. `segment(track, n)`: where the spool has, or had, it."""

    def __init__(self, holdings: Holdings, segment: Callable[[str, int], Path], store: Store | None) -> None:
        self._segment = segment
        self._store = store
        self._names = Names(holdings.about.event, holdings.about.session)

    def find(self, track: str, number: int, spooled: int) -> Path | None:
        """The file of this machine that should have a segment; the spool has those from `spooled` on."""
        if number >= spooled:
            return self._segment(track, number)
        return self._store.path(self._names.segment(track, number)) if self._store is not None else None

    async def read(self, track: str, number: int, spooled: int) -> bytes:
        """A segment's bytes. Raises Missing, Down."""
        if number >= spooled:
            try:
                return await asyncio.to_thread(self._segment(track, number).read_bytes)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise Down(sentence(error)) from None
        if self._store is None:
            raise Missing(f"segment {number} of {track} is not kept")
        return await self._store.get(self._names.segment(track, number))
