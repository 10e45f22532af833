"""Which libsrt may be used: before 1.5.6 a stranger could overflow its stack, before any key was looked at.

Distributors mend that without another version number (CVE-2026-55869), and the library itself does not tell. What
tells: its own version from 1.5.6 on; the distributor's changelog of the package that the file belongs to; where a slim
image has thrown that away, the package's version. `verdict` is pure; `facts` asks dpkg, once, where SRT is wanted.
"""

import gzip
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

MENDED = 0x010506
CVE = "CVE-2026-55869"
DEBIAN_MENDED = re.compile(r"1\.5\.1-1\+deb12u([0-9]+)")  # the only line of versions of which it is known
DEBIAN_FIRST = 2
OVERRIDE = "RINGSIDE_SRT_LIBRARY=trusted"
LIMIT_S = 5.0
MOST_CHANGELOG = 4 << 20


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a libsrt: its version, its file, and the package that it came in (empty: none is known)."""

    version: int
    path: str
    package: str = ""
    package_version: str = ""
    changelog: str = ""


def verdict(facts: Facts) -> str:
    """Why this libsrt must not be used, in one sentence; empty: it may."""
    if facts.version >= MENDED or CVE in facts.changelog:
        return ""
    found = DEBIAN_MENDED.match(facts.package_version)
    if found is not None and int(found[1]) >= DEBIAN_FIRST:
        return ""
    version = ".".join(str(facts.version >> shift & 0xFF) for shift in (16, 8, 0))
    whose = f"{facts.package} {facts.package_version}".strip() or "of no package"
    return (
        f"SRT: {facts.path} ({whose}) is libsrt {version} and not known to be mended ({CVE}): a stranger could take "
        f"this machine over; install a newer one, or set {OVERRIDE} if you know that it is mended"
    )


def facts(version: int, name: str) -> Facts:
    """Of the libsrt that is loaded under `name`."""
    path = _mapped(name) or name
    if version >= MENDED:
        return Facts(version, path)
    package = _dpkg("-S", path).partition(":")[0].strip()
    if not package:
        return Facts(version, path)
    said = _dpkg("-W", "-f", "${Version}", package, program="dpkg-query")
    return Facts(version, path, package, said, _changelog(package))


def _mapped(name: str) -> str:
    """The file that the loader took, links followed."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.rpartition(" ")[2]
        if "/" in path and Path(path).name.startswith(name):
            resolved = str(Path(path).resolve())
            return resolved if resolved.startswith("/usr/") else f"/usr{resolved}"  # as dpkg knows it, merged or not
    return ""


def _dpkg(*arguments: str, program: str = "dpkg") -> str:
    try:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _changelog(package: str) -> str:
    try:
        with gzip.open(f"/usr/share/doc/{package}/changelog.Debian.gz", "rt", errors="replace") as file:
            return file.read(MOST_CHANGELOG)
    except (OSError, EOFError):
        return ""
