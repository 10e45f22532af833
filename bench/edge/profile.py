"""Where a worker's time goes, as the kernel samples it: by system call, and by library outside the kernel.

`perf record` looks at the process 499 times a second. A system call's share is all that is spent below it (TCP and the
loopback's other half included); what is left is Python's own code, by the library that it is in.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

SYSCALL = re.compile(r"^\s*([\d.]+)%\s+(?:[\d.]+%\s+)?\[k\]\s+(?:__x64_sys_|__sys_|ksys_)(\w+)", re.M)
LINE = re.compile(r"^\s*([\d.]+)%\s+(?:\[[k.]\]\s+)?(\S+)", re.M)
LEAST = 0.005  # shares below this are left out


def profile(pid: int, seconds: float) -> dict[str, dict[str, float] | str]:
    """`{syscalls, libraries, symbols}`: shares of the samples, largest first; `{error}` where perf is not allowed."""
    if shutil.which("perf") is None:
        return {"error": "perf is not installed"}
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "perf.data")
        command = ["perf", "record", "-q", "-F", "499", "-g", "-p", str(pid), "-o", data, "--", "sleep", str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not Path(data).exists():
            return {"error": (done.stderr.strip().splitlines() or ["perf failed"])[-1]}
        below = _report(data, "--children", "--sort", "symbol")
        return {
            "syscalls": _shares(SYSCALL.findall(below)),
            "libraries": _shares(LINE.findall(_report(data, "--no-children", "--sort", "dso"))),
            "symbols": dict(
                list(_shares(LINE.findall(_report(data, "--no-children", "--sort", "symbol"))).items())[:25]
            ),
        }


def _report(data: str, *options: str) -> str:
    command = ["perf", "report", "--stdio", "-q", "-g", "none", "-i", data, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout


def _shares(found: list[tuple[str, str]]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for share, name in found:
        name = name.strip("[]")
        shares[name] = round(max(shares.get(name, 0.0), float(share) / 100), 4)
    return {name: share for name, share in sorted(shares.items(), key=lambda item: -item[1]) if share >= LEAST}
