"""Which Content-Locations are names: a key into what a session delivers, never a file's name.

What enters: the text from an FDT or from news, anyone's. What leaves: a path from the root with nothing to be
resolved, or BadLocation. Origins and schemes are taken off: a path says the same on every server of the event.
"""

import re

MOST_CHARACTERS = 1024

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-_~:\[\]]{1,255}(?=/)")
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+)+")
_ESCAPED = re.compile(r"%(?:2[eEfF]|5[cC]|[01][0-9A-Fa-f]|7[fF]|25)")  # . / \ controls and % itself


class BadLocation(Exception):
    """This text is no name of an object; says it, cut short."""


def name_of(location: str) -> str:
    """The path of an http(s) URL, or of a path absolute or relative; raises BadLocation. RFC 3986 §3.3, less
    empty and dot segments, escaped separators, queries and fragments."""
    if len(location) > MOST_CHARACTERS or not location.isascii():
        raise BadLocation(repr(location[:80]))
    origin = _ORIGIN.match(location)
    if origin is not None:
        path = location[origin.end() :]
    else:
        path = location if location.startswith("/") else f"/{location}"
        if ":" in path.split("/")[1]:  # a scheme, or what might be read as one
            raise BadLocation(repr(location[:80]))
    if _PATH.fullmatch(path) is None or _ESCAPED.search(path) or {".", ".."} & set(path.split("/")):
        raise BadLocation(repr(location[:80]))
    return path
