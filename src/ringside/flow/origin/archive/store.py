"""Store: an object store by its URL: a folder of this machine, or whatever else obstore speaks to.

What enters: names and bytes, or files of this machine. What leaves: bytes, or `Down` with a sentence. Nothing is tried
twice for long here: who calls has a queue, and tries again. Puts may be made again with the same bytes. obstore is
imported when a store is opened, as its threads do not survive a fork.
"""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from ringside.core.errors import Misconfigured, RingsideError

NO_SCHEME_IS_A_FOLDER = "file"
REMOTE: dict[str, Any] = {
    "client_options": {"timeout": timedelta(seconds=10), "connect_timeout": timedelta(seconds=2), "allow_http": True},
    "retry_config": {
        "max_retries": 1,
        "retry_timeout": timedelta(seconds=3),
        "backoff": {
            "init_backoff": timedelta(milliseconds=50),
            "max_backoff": timedelta(milliseconds=200),
            "base": 2,
        },
    },
}


class Down(RingsideError):
    """The store did not do what it was asked; says why."""


class Missing(RingsideError):
    """There is no object of this name."""


def folder_of(url: str) -> Path | None:
    """The folder that `url` names; None for what is elsewhere."""
    scheme, colon, path = url.partition("://")
    if not colon:
        return Path(url).expanduser().absolute()
    return Path(path) if scheme == NO_SCHEME_IS_A_FOLDER else None


def shown(url: str) -> str:
    """The URL as it may be seen: without user, password or query."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        return url
    place, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"


class Store:
    """The objects under one URL. Make it with `open`, use it in one event loop."""

    def __init__(self, store: Any, url: str, root: Path | None) -> None:
        import obstore

        self._obstore = obstore
        self._failures = (OSError, ValueError, NotImplementedError, obstore.exceptions.BaseError)
        self._store = store
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="store")
        self.url = shown(url)
        self.root = root

    def __repr__(self) -> str:
        return f"<Store {self.url}>"

    @classmethod
    def open(cls, url: str) -> "Store":
        """The store at `url`; a folder is made. Raises Misconfigured where there can be none."""
        from obstore.exceptions import BaseError
        from obstore.store import LocalStore, from_url

        root = folder_of(url)
        try:
            if root is not None:
                return cls(LocalStore(root, mkdir=True, automatic_cleanup=True), url, root)
            memory = url.startswith("memory://")
            return cls(from_url(url) if memory else from_url(url, **REMOTE), url, None)
        except (OSError, ValueError, NotImplementedError, BaseError) as error:
            raise Misconfigured(f"the archive {shown(url)} cannot be used: {sentence(error)}") from None

    def path(self, name: str) -> Path | None:
        """Where an object is as a file of this machine; None in a store elsewhere."""
        return self.root / name if self.root is not None else None

    async def put(self, name: str, data: bytes) -> None:
        """Write an object, whole. Raises Down."""
        try:
            await self._obstore.put_async(self._store, name, data)
        except self._failures as error:
            raise Down(sentence(error)) from None

    async def put_file(self, name: str, path: Path, size: int) -> None:
        """Write an object from a file that will not change; on one disk, as another name of it.

        Raises Down, and Missing where the file is not there with all of its `size` bytes.
        """
        link = self.root / name if self.root is not None else None
        try:
            data = await self._in_thread(_taken, path, size, link)
        except OSError as error:
            raise Down(sentence(error)) from None
        if data is not None:
            await self.put(name, data)

    async def get(self, name: str) -> bytes:
        """An object's bytes. Raises Missing, Down."""
        try:
            result = await self._obstore.get_async(self._store, name)
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            raise Missing(f"{self.url} has no {name}") from None
        except self._failures as error:
            raise Down(sentence(error)) from None

    async def delete(self, names: Sequence[str]) -> None:
        """Let objects go; one that is not there is no error. Raises Down."""
        for name in names:
            try:
                await self._obstore.delete_async(self._store, name)
            except FileNotFoundError:
                pass
            except self._failures as error:
                raise Down(sentence(error)) from None

    async def folders(self, prefix: str) -> list[str]:
        """The names of the folders under `prefix`, sorted. Raises Down."""
        try:
            listed = await self._obstore.list_with_delimiter_async(self._store, prefix=prefix or None)
        except FileNotFoundError:
            return []
        except self._failures as error:
            raise Down(sentence(error)) from None
        return sorted(path.rstrip("/").rpartition("/")[2] for path in listed["common_prefixes"])

    async def names(self, prefix: str) -> list[str]:
        """Every object under `prefix`, sorted. Raises Down."""
        found: list[str] = []
        try:
            async for page in self._obstore.list(self._store, prefix=prefix):
                found += [meta["path"] for meta in page]
        except FileNotFoundError:
            return []
        except self._failures as error:
            raise Down(sentence(error)) from None
        return sorted(found)

    async def _in_thread(self, call: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)

    def close(self) -> None:
        """Wait for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _taken(path: Path, size: int, link: Path | None) -> bytes | None:
    """The bytes of a file; None where it has the name `link` now too, and nothing is left to do."""
    try:
        if path.stat().st_size != size:
            raise Missing(f"{path} is not whole")
        if link is not None and _linked(path, link):
            return None
        return path.read_bytes()
    except FileNotFoundError:
        raise Missing(f"{path} is not there any more") from None


def _linked(path: Path, name: Path) -> bool:
    """Whether the file has a second name now; not where that is on another disk, or of a kind that has none."""
    name.parent.mkdir(parents=True, exist_ok=True)
    fresh = name.with_name(f".{name.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        os.link(path, fresh)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    fresh.rename(name)
    fresh.unlink(missing_ok=True)  # rename(2) of two names of one file does nothing
    return True


def sentence(error: BaseException) -> str:
    """What went wrong, in a line: obstore's errors go on for many."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    text = str(error).split("\n")[0].strip()
    return text[:200] or type(error).__name__
