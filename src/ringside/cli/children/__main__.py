"""Entry point of a child: `python -m ringside.cli.children ROLE NAME FD`, started by the supervisor alone."""

import importlib
import resource
import sys

from ringside.cli.children.channel import Channel
from ringside.core.errors import RingsideError
from ringside.core.telemetry import setup_log

ROLES = {"edge", "filler", "moq", "origin", "replay", "restream", "studio"}


def raise_descriptor_limit() -> None:
    """A segment held in memory is a descriptor, and so is a viewer: take as many as the system lets us have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Run one role until the supervisor ends it; the exit status of `ringside` itself."""
    _, role, name, fd = sys.argv
    if role not in ROLES:
        raise SystemExit(f"no such process: {role}")
    channel = Channel(int(fd))
    raise_descriptor_limit()
    setup_log(name, verbose=bool(channel.config.get("verbose")))
    try:
        importlib.import_module(f"ringside.cli.children.{role}").run(channel)
    except RingsideError as error:
        channel.fatal(error)
        return error.exit_status
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
