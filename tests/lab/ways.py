"""Ways: how this machine lets its user have network namespaces, found by trying; the last one is to do without.

What leaves: the words that make a namespace and those that enter one.
"""

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass

SBIN = ":/usr/sbin:/sbin"  # where an ordinary user's PATH does not lead
PROGRAMS = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2", "bridge": "iproute2"}
TRIAL = "ip link add name br0 type bridge mcast_snooping 1 && ip link add name v0 type veth peer name v1"


@dataclass(frozen=True, slots=True)
class Way:
    """`make` stands before a command that shall have a new namespace, `enter` before `-t PID`, whose is entered."""

    how: str
    make: tuple[str, ...] = ()
    enter: tuple[str, ...] = ()


ROOT = Way("network namespaces, as root", ("unshare", "-n"), ("nsenter", "-n"))
USER = Way(
    "network namespaces, as an ordinary user (unshare -Urn)",
    ("unshare", "-Urn"),
    ("nsenter", "-U", "--preserve-credentials", "-n"),
)
LOOPBACK = Way("loopback groups: no namespaces here")


def program(name: str) -> str | None:
    """Where a program is, also where only root looks."""
    return shutil.which(name, path=os.environ.get("PATH", "") + SBIN)


def needs(name: str, package: str) -> str | None:
    """Why something cannot be run here, in words that say what to do; None where it can."""
    return None if program(name) else f"{name} is not installed: apt-get install {package}"


@functools.cache
def usable(way: Way) -> str | None:
    """Why a way cannot be gone here; None where it can."""
    if way is LOOPBACK:
        return None
    if way is ROOT and os.geteuid() != 0:
        return "not root"
    for name, package in PROGRAMS.items():
        if why := needs(name, package):
            return why
    done = subprocess.run(
        [*way.make, "sh", "-c", TRIAL], capture_output=True, text=True, env=environment(), check=False
    )
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["refused"])[-1]


def choose() -> Way:
    """The most honest way there is; loopback says why it is no better."""
    reasons = []
    for way in (ROOT, USER):
        if (why := usable(way)) is None:
            return way
        reasons.append(why)
    return Way(f"{LOOPBACK.how} ({'; '.join(reasons)})")


def environment() -> dict[str, str]:
    """This process's, with root's programs in the PATH and in the language that we read."""
    return {**os.environ, "PATH": os.environ.get("PATH", "") + SBIN, "LC_ALL": "C"}
