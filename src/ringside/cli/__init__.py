"""The command line: one verb per room, each with an example in its help."""

import sys


def main() -> None:
    """Entry point of `ringside`."""
    from ringside.cli.app import app  # heavy only when a person is there to be served

    app()
    sys.exit(0)
