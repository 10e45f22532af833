"""`ringside check` against a gateway under 5 % loss: is what viewers get as conformant as the origin's."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.multicast.account import rose, together, totals
from bench.multicast.chain import MEDIA, chain
from bench.multicast.options import Options

SECONDS = 30.0
GRACE_S = 60.0
LOSS = 5


def run(options: Options) -> dict[str, Any]:
    """One gateway; the check runs on its host."""
    seconds = options.lasting(SECONDS)
    with tempfile.TemporaryDirectory() as folder, chain(Path(folder), 1, sending=options.sending) as made:
        (gateway,) = made.gateways
        gateway.host.loss(LOSS)
        before = totals(made.health(gateway))
        file = Path(folder) / "check.json"
        url = f"{gateway.url}{MEDIA}/index.m3u8"
        command = [sys.executable, "-m", "ringside", "check", url, "--seconds", str(seconds), "--json", str(file)]
        process = gateway.host.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said, _ = process.communicate(timeout=seconds + GRACE_S)
        if not file.exists():
            raise SystemExit(f"ringside check gave no result:\n{said[-1500:]}")
        document = json.loads(file.read_text())
        sums = together([rose(before, totals(made.health(gateway)))])
    return {"seconds": seconds, "must": document["must"], "should": document["should"],
            "findings": document["findings"], "counted": sums, "failed": bool(document["must"])}  # fmt: skip


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row, and one for each finding."""
    sums = result["counted"]
    table = Table("rule", "level", "clause", "where", "seen", "expected", "times")
    for finding in result["findings"]:
        row = [str(finding[key]) for key in ("rule", "level", "clause", "where", "seen", "expected")]
        table.add_row(*row, str(finding.get("count", 1)))
    words = (
        f"{result['seconds']:.0f} s at {100 * sums['lost_share']:.1f} % lost: {result['must']} MUST, {result['should']}"
        f" SHOULD; {sums['mended_by_fec']} of {sums['objects']} objects mended by FEC, {sums['mended_by_unicast']} by"
        f" unicast, {sums['missing']} missing"
    )
    return [words, table] if result["findings"] else [words]
