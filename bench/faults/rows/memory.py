"""An edge worker may use 50 MB more than it does, and the crowd comes: it lives, and who is there plays on.

The limit is a memory cgroup's, of which only this worker is. The control: 1 MB more, which is not enough for anybody.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bench.faults.audience import watching
from bench.faults.options import Options
from bench.faults.stage import stage
from bench.faults.verdict import Bound, Fired, Row, Trial

GROUPS = Path("/sys/fs/cgroup/memory")
ROOM_BYTES, TIGHT_BYTES = 50 * 2**20, 2**20
FIRST, CROWD = 20, 2000
SECONDS, LATER_S = 18.0, 10.0


def run(options: Options) -> Trial:
    """With 50 MB."""
    return play(options, ROOM_BYTES)


def control(options: Options) -> Trial:
    """With one."""
    return play(options, TIGHT_BYTES)


def play(options: Options, room_bytes: int) -> Trial:
    """Twenty watch; then the crowd comes."""
    crowd = min(CROWD, 2 * options.viewers) if not options.quick else 300
    with stage() as there:
        origin = there.live()
        edge = there.edge([origin.url])
        worker = edge.child("edge")
        with watching(there, edge, options, SECONDS, crowd=FIRST, check=False, browsers=0) as first:
            with limited(worker, room_bytes) as (fired, group):
                with watching(there, edge, options, LATER_S - 6.0, crowd=crowd, check=False, browsers=0) as later:
                    newcomers = later.leave()
                lives = worker == edge.child("edge")
                grown = int((group / "memory.max_usage_in_bytes").read_text())
            watched = first.leave()
    bounds = [
        *watched.bounds(),
        Bound("the worker's restarts", 0 if lives else 1, 0),
        Bound(f"{crowd:,} newcomers without an answer", sum(newcomers.crowd["problems"].values()), 0),
        Bound("more memory than before they came", grown / 2**20, room_bytes / 2**20, "MB"),
    ]
    return Trial([fired], bounds, {"first": watched.facts(), "later": newcomers.facts()})


@contextlib.contextmanager
def limited(pid: int, most_bytes: int) -> Iterator[tuple[Fired, Path]]:
    """A process that the kernel lets have so much more memory, and its group; what it has already does not count.

    Raises SystemExit where that is not allowed.
    """
    group = GROUPS / f"ringside-bench-{os.getpid()}-{pid}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(most_bytes))
        (group / "cgroup.procs").write_text(str(pid))
    except OSError as error:
        with contextlib.suppress(OSError):
            group.rmdir()
        raise SystemExit(f"a memory limit needs root and memory cgroups: {error}") from None
    limit = int((group / "memory.limit_in_bytes").read_text())
    there = str(pid) in (group / "cgroup.procs").read_text().split()
    try:
        words = f"the kernel says {limit / 2**20:.0f} MB"
        yield Fired(f"{most_bytes / 2**20:.0f} MB more at most", words, there and limit <= most_bytes), group
    finally:
        for left in (group / "cgroup.procs").read_text().split():
            (GROUPS / "cgroup.procs").write_text(left)
        with contextlib.suppress(OSError):
            group.rmdir()


ROW = Row(
    "50 MB of memory for the viewers that come",
    "who watches plays on; the worker lives; who comes gets an answer",
    run,
    "1 MB",
    control,
)
