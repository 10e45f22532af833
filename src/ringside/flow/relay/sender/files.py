"""The two files of a sender: the description for its gateways, and beside it the keys (`FILE.key`), for itself alone.

Both hold a secret, so both are the user's own (0600), and neither is ever seen half written. A sender that starts again
finds its keys and is the same to its gateways.
"""

import os
import tempfile
from pathlib import Path

from ringside.core.errors import Misconfigured
from ringside.core.mabr import BadDescription, Keys, from_text, new_keys, to_text
from ringside.core.mabr.keys import MAX_TEXT


def keys_beside(description: Path) -> Keys:
    """The keys in `FILE.key`; made when there are none. Raises Misconfigured naming the file."""
    path = description.with_name(description.name + ".key")
    try:
        with path.open("rb") as file:
            return from_text(file.read(MAX_TEXT + 1))
    except FileNotFoundError:
        keys = new_keys(os.urandom)
        write(path, to_text(keys))
        return keys
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror or error}") from None
    except BadDescription as error:
        raise Misconfigured(f"{path}: {error}; remove it, and every gateway needs the new description") from None


def write(path: Path, data: bytes) -> None:
    """Put `data` where `path` is, whole or not at all, for the user alone. Raises Misconfigured naming the file."""
    made = None
    try:
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(made, path)
    except OSError as error:
        if made is not None:
            Path(made).unlink(missing_ok=True)
        raise Misconfigured(f"--description: {path} cannot be written: {error.strerror or error}") from None
