"""Harm: the faults, each of which proves that it fired: processes killed or stopped, networks cut, limits set.

What enters: whom to harm. What leaves: `Fired`, with what was seen of the victim itself, and when. A process is only
ever named by its number, and by whoever started it.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.faults.verdict import Fired

GONE_S = 1.0
STEP_S = 0.005


def state(pid: int) -> str:
    """The kernel's letter for what a process does (R, S, D, T: stopped, Z: dead); nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def kill(what: str, *pids: int) -> Fired:
    """SIGKILL, and wait until the kernel says so."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline_s = time.monotonic() + GONE_S
    while any(state(pid) not in ("", "Z", "X") for pid in pids) and time.monotonic() < deadline_s:
        time.sleep(STEP_S)
    gone = all(state(pid) in ("", "Z", "X") for pid in pids)
    return Fired(f"{what}: killed", f"process {', '.join(map(str, pids))} {'is gone' if gone else 'LIVES'}", gone)


@contextlib.contextmanager
def frozen(*pids: int, for_s: float | None = None) -> Iterator[list[str]]:
    """SIGSTOP for `for_s`, however long it is entered; else for as long as it is.

    The kernel's letters, looked at just before they go on.
    """
    letters: list[str] = []

    def wake() -> None:
        if not letters:
            letters.extend(state(pid) for pid in pids)
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(for_s or 0.0, wake)
    if for_s is not None:
        timer.start()
    try:
        yield letters
    finally:
        if for_s is not None:
            timer.join()
        wake()


def stopped(what: str, letters: Sequence[str], for_s: float) -> Fired:
    """What `frozen` came to."""
    so = bool(letters) and set(letters) == {"T"}
    return Fired(f"{what}: frozen {for_s:.4g} s", f"state {', '.join(letters) or 'unknown'} until the end of it", so)


def limit_files(pid: int, most: int) -> Fired:
    """Let a process have so few descriptors from now on."""
    command = ["prlimit", "--pid", str(pid), f"--nofile={most}:{most}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = Path(f"/proc/{pid}/limits").read_text() if done.returncode == 0 else done.stderr
    line = next((line for line in told.splitlines() if line.startswith("Max open files")), told.strip())
    return Fired(f"{most} descriptors at most", " ".join(line.split()), str(most) in line.split())


@contextlib.contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A file system of its own, so small, in memory. Raises SystemExit where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "ringside-bench", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"a small disk needs root: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill_disk(folder: Path) -> Fired:
    """Leave no byte on the disk that `folder` is on."""
    with contextlib.suppress(OSError), (folder / "fills").open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 65536)
    left = os.statvfs(folder)
    return Fired("disk full", f"{left.f_bavail * left.f_bsize} bytes are left on it", left.f_bavail == 0)
