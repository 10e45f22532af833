"""The one log set-up: a line per event on standard error, with the process that wrote it."""

import logging
import sys
from collections.abc import Callable

from ringside.core.clock import Clock


def setup_log(process: str, verbose: bool = False) -> None:
    """Send the log of this process to standard error, each line naming `process`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s.%(msecs)03d {process:<8} %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("libav").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.INFO)


def throttled(log: logging.Logger, clock: Clock, every_s: float = 1.0) -> Callable[[str, int], None]:
    """A function `(text with %d, n)` that adds up `n` and logs the sum at most once in `every_s` seconds."""
    pending = 0
    last_ns = -(10**18)

    def report(text: str, n: int = 1) -> None:
        nonlocal pending, last_ns
        pending += n
        now_ns = clock.now_ns()
        if now_ns - last_ns >= every_s * 1e9:
            log.warning(text, pending)
            pending, last_ns = 0, now_ns

    return report
