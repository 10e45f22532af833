"""What a person sees on the terminal: plain sentences on standard error, and exit statuses that mean something."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from ringside.core.errors import RingsideError

console = Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """Print one line for the user."""
    console.print(text)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn a user-facing error into its sentence and its exit status; a traceback is a bug of ours."""
    try:
        yield
    except RingsideError as error:
        console.print(f"[bold red]ringside:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)
