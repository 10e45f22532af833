"""Keys: what a pulled object is called, whoever asks for it. Pure.

What enters: a path and its query as a viewer sent them. What leaves: one text for all who mean the same: the path, and
of the query what the origin may need, in the order given. What players and gates add for themselves (CMCD, tokens)
never reaches the origin, or every viewer would be a miss.
"""

from collections.abc import Callable, Collection
from urllib.parse import unquote, unquote_plus

OWN = frozenset(
    {"/status", "/status.json", "/status/events", "/metrics", "/healthz", "/clock", "/cmcd", "/feed", "/moq.json"}
)
MAX_KEY = 4096  # bytes: what the feed carries


def is_own(path: str) -> bool:
    """Whether the edge answers `path` itself, so that it is never pulled."""
    return path in OWN or path.startswith("/ingest/")


def keyer(ignored: Collection[str]) -> Callable[[str, str], str]:
    """A function from (path, query) to the key; the parameters called `ignored` are no part of it."""
    names = frozenset(ignored)

    def key(path: str, query: str) -> str:
        if not query or is_own(path):
            return path
        kept = [pair for pair in query.split("&") if pair and _name(pair) not in names]
        return f"{path}?{'&'.join(kept)}" if kept else path

    return key


def _name(pair: str) -> str:
    name = pair.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


def fault(key: str) -> str:
    """Why `key` cannot be asked of an origin, as a sentence; empty when it can."""
    path = key.partition("?")[0]
    if len(key) > MAX_KEY:
        return f"the path and query are longer than {MAX_KEY} bytes"
    if not path.startswith("/") or not key.isascii() or not key.isprintable() or " " in key or "#" in key:
        return "the path has characters that have to be escaped"
    if "/." in path or "%" in path or "\\" in path:
        plain = unquote(path)
        steps = plain.replace("\\", "/").split("/")
        if ".." in steps or "." in steps:
            return "the path has steps that lead elsewhere"
        if any(c < " " or c == "\x7f" for c in plain):
            return "the path has control characters in it"
    return ""
