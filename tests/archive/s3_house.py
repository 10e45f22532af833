"""A real S3 server (versitygw, a folder behind it) on loopback, that can be killed and started again."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

KEY, SECRET, BUCKET = "RINGSIDEKEY", "ringside-secret", "live"
INSTALL = "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0"
STARTS_S = 15.0


def program() -> str:
    """Where the server is; the test is skipped by name where it is not."""
    found = shutil.which("versitygw", path=f"{os.environ.get('PATH', '')}:{Path.home() / 'go' / 'bin'}")
    if not found:
        pytest.skip(f"versitygw is not installed: {INSTALL}")
    return found


class S3:
    """The server; `url` is a bucket's. Its environment is put where obstore looks for it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._data, self._meta = folder / "data", folder / "meta"
        (self._data / BUCKET).mkdir(parents=True)
        self._meta.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"s3://{BUCKET}/events"
        for name, value in {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }.items():
            monkeypatch.setenv(name, value)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [program(), "--access", KEY, "--secret", SECRET, "--region", "us-east-1"]
        command += ["--port", f"127.0.0.1:{self._port}", "--quiet"]
        self._process = subprocess.Popen(
            [*command, "posix", "--sidecar", str(self._meta), str(self._data)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + STARTS_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            time.sleep(0.02)
        raise AssertionError("versitygw does not listen")

    def kill(self) -> None:
        """As the machine's end would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
