"""Run in a network of its own: a film over SRT while packets are dropped both ways. `FILM PERCENT LATENCY_MS`.

Prints how many packets were dropped on the way, how many pictures came, how many are missing between the first and the
last, and how many packets SRT gave up.
"""

import re
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

from recorder import Recorder, wait_for
from srt_sender import Sender

from ringside.core.clock import Wall
from ringside.flow.capture.config import Input
from ringside.flow.capture.source import SourceInfo
from ringside.flow.capture.spec import parse
from ringside.flow.capture.srt import source as srt_source

PORT = 9000
RULES = """
table ip t {{
  chain i {{
    type filter hook input priority 0;
    udp dport {port} numgen random mod 100 < {percent} counter drop
    udp sport {port} numgen random mod 100 < {percent} counter drop
  }}
}}
"""


def weather(percent: int) -> None:
    try:
        subprocess.run(["/sbin/ip", "link", "set", "lo", "up"], check=True, capture_output=True)
        rules = RULES.format(port=PORT, percent=percent)
        subprocess.run(["/usr/sbin/nft", "-f", "-"], input=rules, text=True, check=True, capture_output=True)
    except OSError as error:
        sys.exit(f"no network of its own: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"no network of its own: {error.stderr}")


def dropped() -> int:
    listed = subprocess.run(["/usr/sbin/nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    return sum(int(n) for n in re.findall(r"counter packets (\d+)", listed))


def main() -> None:
    film, percent, latency_ms = Path(sys.argv[1]).read_bytes(), int(sys.argv[2]), int(sys.argv[3])
    weather(percent)
    recorder = Recorder()
    url = f"srt://127.0.0.1:{PORT}?streamid=van&latency={latency_ms}"
    info = SourceInfo(320, 180, Fraction(30), True, True, "")
    source = srt_source(parse(url), Input(url=url, passphrase="correct-horse-battery"), Wall(), info, None)
    source.start(recorder)
    sender = Sender(PORT)
    for _ in range(20):
        if not sender.rejected:
            break
        sender = Sender(PORT)  # the handshake may be lost as well
    null = (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 7
    sender.send(film + null * 40, 2.2)  # whose loss nothing would tell is the last packet: let it be nothing
    wait_for(lambda: any(event.startswith("closed") for event in recorder.events))
    time.sleep(0.1)
    times = [pts_ns for pts_ns, _, _ in recorder.pictures]
    between = round((times[-1] - times[0]) * 30 / 10**9) + 1
    print(dropped(), len(times), between - len(times), source.status()["dropped"])
    source.stop()


if __name__ == "__main__":
    main()
