"""Record what a real publisher says, as the golden sessions that the fuzzer mutates: `python rtmp_record.py`.

A relay stands between the publisher and a real source and keeps the publisher's bytes, one block per read, each
after its length in four bytes.
"""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

from rtmp_client import KEY
from rtmp_sink import Recorder

from ringside.core.clock import Wall
from ringside.flow.capture.rtmp import RtmpSource

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
LAVFI = "-f lavfi -i testsrc=s=96x64:r=10:d=1 -f lavfi -i sine=r=44100:d=1"
PUBLISHERS = {
    "ffmpeg-h264": [
        "ffmpeg",
        "-v",
        "error",
        *LAVFI.split(),
        *["-c:v", "libx264", "-bf", "2", "-g", "5", "-c:a", "aac", "-b:a", "32k", "-f", "flv"],
    ],
    "pyav-hevc": [sys.executable, str(HERE / "rtmp_push.py")],
    "pyav-av1": [sys.executable, str(HERE / "rtmp_push.py")],
}
AFTER = {
    "ffmpeg-h264": [],
    "pyav-hevc": [
        "libx265",
        json.dumps({"preset": "ultrafast", "x265-params": "log-level=none:keyint=5:bframes=2"}),
        "8",
    ],
    "pyav-av1": ["libsvtav1", json.dumps({"preset": "12", "g": "5"}), "8"],
}


def relay(listener: socket.socket, port: int, blocks: list[bytes]) -> None:
    """Pass one connection on to `port`, keeping what the client says."""
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", port))

    def back() -> None:
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:
            return

    threading.Thread(target=back, daemon=True).start()
    while data := client.recv(65536):
        blocks.append(data)
        server.sendall(data)
    server.close()


def load(path: Path) -> list[bytes]:
    """The blocks of one recording."""
    data, blocks = path.read_bytes(), []
    while data:
        size = int.from_bytes(data[:4])
        blocks.append(data[4 : 4 + size])
        data = data[4 + size :]
    return blocks


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, command in PUBLISHERS.items():
        source, sink = RtmpSource("127.0.0.1", 0, "live", KEY, Wall()), Recorder()
        source.start(sink)
        blocks: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as listener:
            passing = threading.Thread(target=relay, args=(listener, source.port, blocks))
            passing.start()
            url = f"rtmp://127.0.0.1:{listener.getsockname()[1]}/live/{KEY}"
            subprocess.run([*command, url, *AFTER[name]], check=True)
            passing.join()
        sink.wait_closed()
        source.stop()
        (GOLDEN / f"{name}.rtmp").write_bytes(b"".join(len(b).to_bytes(4) + b for b in blocks))
        print(name, sink, sum(map(len, blocks)), "B")


if __name__ == "__main__":
    main()
