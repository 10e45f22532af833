"""Sessions: the folder of this machine in which an origin writes: a session's that is gone on with, or a new one.

A session belongs to one supervisor at a time (`supervised`) and is written by one origin at a time (`written`): two
locks, as an origin may live a moment longer than the supervisor that was killed.
"""

import asyncio
import contextlib
from pathlib import Path

from ringside.core.catalog import began_ns_of, session_name
from ringside.core.errors import Misconfigured
from ringside.core.media import Timeline
from ringside.flow.origin.archive.config import Config
from ringside.flow.origin.archive.found import Found
from ringside.flow.origin.archive.spool import About, Lock

PATIENCE_S = 5.0
SUPERVISED, WRITTEN = "supervised", "written"


class Session:
    """The session in `folder`, which is ours as long as this is open. `resumed`: it was there before."""

    def __init__(self, folder: Path, lock: Lock, resumed: bool = False) -> None:
        self.folder = folder
        self.resumed = resumed
        self._lock = lock

    def __repr__(self) -> str:
        return f"<Session {self.folder.name}{' resumed' if self.resumed else ''}>"

    @classmethod
    def choose(cls, config: Config, event: str, timeline: Timeline, now_ns: int, resumes: bool) -> "Session":
        """The newest session of `event` that has not ended and is young enough, where it `resumes`; or a new one.

        Raises Misconfigured where there can be none.
        """
        base = config.spool_folder / event
        try:
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            session = cls._resumed(base, config, timeline, now_ns) if resumes else None
            return session or cls._new(base, now_ns)
        except OSError as error:
            why = error.strerror or error
            raise Misconfigured(f"archive.spool: {base} cannot be written: {why}; choose another folder") from None

    @classmethod
    def _new(cls, base: Path, now_ns: int) -> "Session":
        for ahead in range(100):
            folder = base / session_name(now_ns + ahead * 10**6)
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                lock = Lock(folder / SUPERVISED)
                lock.take()
                return cls(folder, lock)
        raise OSError("too many sessions began at once")

    @classmethod
    def _resumed(cls, base: Path, config: Config, timeline: Timeline, now_ns: int) -> "Session | None":
        for folder in others(base):
            lock = Lock(folder / SUPERVISED)
            if lock.take() and _goes_on(folder, timeline, now_ns - int(config.resume_s * 1e9)):
                return cls(folder, lock, resumed=True)
            lock.close()
        return None

    def close(self) -> None:
        """It is ours no longer."""
        self._lock.close()


def others(base: Path, but: str = "") -> list[Path]:
    """The sessions in `base`, the newest first."""
    folders = (path for path in base.iterdir() if began_ns_of(path.name) and path.name != but and path.is_dir())
    return sorted(folders, reverse=True)


def _goes_on(folder: Path, timeline: Timeline, since_ns: int) -> bool:
    """Whether the session has not ended, and has media that is not older than `since_ns`."""
    found = Found.read(folder, timeline)
    return found is not None and not found.past.ended and found.newest_ns >= since_ns


def about(folder: Path, event: str, title: str, timeline: Timeline) -> About:
    """What the session in `folder` is of."""
    return About(event, folder.name, title, timeline)


async def written_by_us(folder: Path) -> Lock:
    """The lock of whoever writes the session in `folder`, once the origin before us has let go of it.

    Raises Misconfigured where it does not, and OSError.
    """
    lock = _lock_of(folder)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not lock.take():  # noqa: ASYNC110 - nobody tells us when a lock is let go
                await asyncio.sleep(0.01)
    except TimeoutError:
        lock.close()
        raise Misconfigured(f"{folder} is being written by another origin") from None
    return lock


def _lock_of(folder: Path) -> Lock:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Lock(folder / WRITTEN)
