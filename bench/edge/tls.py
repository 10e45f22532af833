"""What a 166 kB part costs over TLS 1.3: our worker beside nginx, CPU on the server per response.

Each server has the same certificate (ECDSA P-256) and keep-alive connections that are open already; the cipher that
each settled on with the same client is shown. The client decrypts everything on its own core.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.edge import ours, peers
from bench.edge.load import Load, best, measure
from bench.edge.responses import PART_BYTES, PLAYLIST_BYTES
from ringside.flow.relay.edge import Config

NEEDS = ("nginx", "openssl")
CASES = (("1 kB playlist", "/index.m3u8", 64, None), ("166 kB part", "/1.0.m4s", 16, 0.80))


def certificate(root: Path) -> tuple[Path, Path]:
    """A certificate of nobody and its key."""
    cert, key = root / "cert.pem", root / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", "/CN=edge", "-days", "2", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    return cert, key


def run(quick: bool) -> dict[str, Any]:
    """By case and server; ours is missing where this version has no TLS."""
    if "tls_cert" not in Config.model_fields:
        return {}
    rounds, run_s = (1, 0.1) if quick else (3, 1.5)
    objects = ours.objects(PLAYLIST_BYTES, PART_BYTES)
    results: dict[str, dict[str, list[dict[str, float]]]] = {}
    ciphers: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, ours.fed() as source:
        root = Path(folder)
        root.chmod(0o755)
        cert, key = certificate(root)
        source.publish(objects)
        with (
            peers.nginx_files(root / "nginx", ours.files(objects), (cert, key)) as nginx,
            ours.worker(source.path, tls_cert=cert, tls_key=key) as worker,
        ):
            for server in (nginx, worker):
                load = Load(server.port, "/index.m3u8", 1, same=True, tls=True)
                ciphers[server.name] = load.cipher
                load.close()
            for _ in range(rounds):
                for name, path, connections, _goal in CASES:
                    for server in (nginx, worker):
                        figures = measure(server, path, connections, True, run_s, tls=True)
                        results.setdefault(name, {}).setdefault(server.name, []).append(figures)
    rows = {name: {who: best(runs) for who, runs in row.items()} for name, row in results.items()}
    return {**rows, "ciphers": ciphers}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each case."""
    if not result:
        return ["tls: this version of the worker has no TLS"]
    table = Table("over TLS 1.3", "nginx µs", "ours µs", "ours / nginx", "goal", "a second", "load")
    for name, _, _, goal in CASES:
        who = [result[name]["nginx"], result[name]["ours"]]
        ratio = who[1]["cpu_us"] / who[0]["cpu_us"]
        table.add_row(
            name,
            *(f"{each['cpu_us']:.1f}" for each in who),
            f"{ratio:.2f}",
            f"≤ {goal:.2f}" if goal else "",
            " ".join(f"{each['per_s']:.0f}" for each in who),
            " ".join(f"{each['load_cores']:.2f}" for each in who),
        )
    return [table, f"ciphers: {result['ciphers']}; CPU of the server per response, the load's does not enter"]
