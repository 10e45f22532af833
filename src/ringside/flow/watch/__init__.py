"""Watch: the pages a viewer, a producer and an engineer open, and the player to embed, as bytes ready to serve.

In goes the folder that the build leaves (`dist/`); out come a URL path, a body and a content type for each file.
It knows nothing of how they are served, and nothing of media: that is the JavaScript's part.
"""

from pathlib import Path

from ringside.core.errors import RingsideError

DIST = Path(__file__).parent / "dist"
PAGES = {"/": "watch.html", "/wall": "wall.html", "/status": "status.html"}
UNHASHED = frozenset({"/assets/sync.js", "/assets/ringside-player.js"})  # names that other people's pages know
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


def assets(dist: Path = DIST) -> dict[str, tuple[bytes, str]]:
    """URL path to body and content type of all the pages are made of; RingsideError when they are not built."""
    found = {path: dist / name for path, name in PAGES.items()}
    found |= {f"/assets/{file.name}": file for file in sorted((dist / "assets").glob("*.*"))}
    try:
        return {path: (file.read_bytes(), CONTENT_TYPES[file.suffix]) for path, file in found.items()}
    except FileNotFoundError as error:
        raise RingsideError("the page is not built; run make setup") from error


def is_immutable(path: str) -> bool:
    """Whether a URL path carries a hash of its content, so that caches may keep it for ever."""
    return path.startswith("/assets/") and path not in UNHASHED
