"""Get what the tests need beyond PyPI and npm, when allowed to; otherwise say exactly what to install.

Run by `make test` before the tests, and by `make bench` with the name of a peer to measure beside. Tests whose peer is
missing are skipped by name, never silently.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

RTMP_MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
LIBSRT = "libsrt-gnutls.so.1.5"
PEERS = {
    "ffmpeg": "ffmpeg",
    "chromium": "chromium",
    "openssl": "openssl",
    "nginx": "nginx-light",
    "varnishd": "varnish",
    "ip": "iproute2",
    "nft": "nftables",
    RTMP_MODULE: "libnginx-mod-rtmp",
    LIBSRT: "libsrt1.5-gnutls",
}
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # where root's programs are for everybody else
BENCH_PEERS = {"wrk": "wrk"}
RELAY, RELAY_VERSION = "moq-relay", "0.17.10"
BUILD_LIMIT_S = 1500
CARGO_BIN = Path.home() / ".cargo" / "bin"


def missing(asked: list[str]) -> dict[str, str]:
    """Programs and files that are not there, with the Debian package of each."""
    wanted = PEERS | {program: BENCH_PEERS[program] for program in asked}
    return {thing: package for thing, package in wanted.items() if not _is_here(thing)}


def _is_here(thing: str) -> bool:
    if ".so." in thing:
        with contextlib.suppress(OSError):
            return bool(ctypes.CDLL(thing))
        return False
    return bool(shutil.which(thing, path=PATH)) or Path(thing).exists()


def install(packages: list[str]) -> None:
    """Install Debian packages, as root on a machine that has apt-get."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print(f"installing for the tests: {', '.join(packages)}", flush=True)
    subprocess.run(["apt-get", "-qq", "update"], env=environment, **quiet, check=False)
    command = ["apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages]
    subprocess.run(command, env=environment, **quiet, check=False)


def build_relay() -> None:
    """Build the stock MoQ relay, which is to be had as source alone; some minutes, once a machine."""
    if has_relay():
        return
    cargo = shutil.which("cargo") or shutil.which("cargo", path=str(CARGO_BIN))
    command = [str(cargo), "install", RELAY, "--version", RELAY_VERSION, "--quiet", "--no-default-features"]
    quick = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_OPT_LEVEL": "2"}
    if cargo:
        print(f"building {RELAY} (some minutes, once)", flush=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [*command, "--features", "noq,websocket"],
                env={**os.environ, **quick},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=BUILD_LIMIT_S,
            )


def has_relay() -> bool:
    """Whether there is a stock MoQ relay to publish to."""
    return bool(shutil.which(RELAY)) or (CARGO_BIN / RELAY).exists()


def main() -> int:
    if sys.argv[1:] == [RELAY]:
        build_relay()
        if not has_relay():
            print(f"{RELAY} could not be built; it takes cargo (Rust): cargo install {RELAY} --version {RELAY_VERSION}")
        return 0 if has_relay() else 1
    packages = sorted(missing(sys.argv[1:]).values())
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        install(packages)
    for program, package in missing(sys.argv[1:]).items():
        print(f"{program} is missing: what needs it will be skipped. Install it with: apt-get install {package}")
    if not has_relay():
        print(f"{RELAY} is missing: what needs it will be skipped. Build it, once, with: make relay")
    return 0


if __name__ == "__main__":
    sys.exit(main())
