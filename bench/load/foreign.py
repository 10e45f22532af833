"""Other people's servers, as Debian ships them, on the loopback: nginx with its RTMP module, and ffmpeg behind nginx.

One ffmpeg encodes a test picture and a tone once, publishes them by RTMP to nginx, which makes HLS and DASH of its own,
and writes HLS (MPEG-TS, and fragmented MP4) and DASH by its own muxers into folders that the same nginx serves.
`with servers(folder) as streams:` yields the URL of each, once all are playable.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.harness import free_port, get

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
CONF = """
load_module {module};
worker_processes 1; daemon off; master_process off; pid {root}/pid; error_log {root}/error; {user}
events {{ worker_connections 4096; }}
rtmp {{
  access_log off;
  server {{
    listen 127.0.0.1:{rtmp};
    application live {{
      live on;
      hls on; hls_path {root}/rtmp-hls; hls_fragment 2s; hls_playlist_length 20s;
      dash on; dash_path {root}/rtmp-dash; dash_fragment 2s; dash_playlist_length 20s;
    }}
  }}
}}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; keepalive_timeout 75;
  types {{ application/vnd.apple.mpegurl m3u8; application/dash+xml mpd; video/mp2t ts;
           video/mp4 m4s mp4 m4v; audio/mp4 m4a; }}
  client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;
  uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
  server {{
    listen 127.0.0.1:{http} backlog=4096; root {root};
    add_header Access-Control-Allow-Origin "*";
    location ~ "[.](m3u8|mpd)$" {{ add_header Access-Control-Allow-Origin "*"; add_header Cache-Control "max-age=1"; }}
  }}
}}
"""
STREAMS = {
    "nginx-rtmp HLS": "rtmp-hls/main.m3u8",
    "nginx-rtmp DASH": "rtmp-dash/main.mpd",
    "ffmpeg HLS, MPEG-TS": "ts/index.m3u8",
    "ffmpeg HLS, fragmented MP4": "fmp4/index.m3u8",
    "ffmpeg DASH": "dash/index.mpd",
}
LIMIT_S = 30.0
SEGMENTS = 3  # of a playlist before it is called playable


def missing() -> str | None:
    """What is not installed, with the command that installs it; None when all is there."""
    for program, package in (("ffmpeg", "ffmpeg"), ("nginx", "nginx")):
        if shutil.which(program) is None:
            return f"{program} is not installed: apt-get install {package}"
    return None if MODULE.exists() else "nginx has no RTMP module: apt-get install libnginx-mod-rtmp"


def encoder(root: Path, rtmp: int) -> list[str]:
    """The ffmpeg command: one encode, four muxers."""
    lasting = "hls_time=2:hls_list_size=10:hls_delete_threshold=5"
    outputs = (
        f"[f=flv]rtmp://127.0.0.1:{rtmp}/live/main",
        f"[f=hls:{lasting}:hls_flags=delete_segments+program_date_time]{root}/ts/index.m3u8",
        f"[f=hls:{lasting}:hls_flags=delete_segments+program_date_time+independent_segments"
        f":hls_segment_type=fmp4]{root}/fmp4/index.m3u8",
        f"[f=dash:seg_duration=2:window_size=10:extra_window_size=5:use_template=1:use_timeline=1]{root}/dash/index.mpd",
    )
    picture = ["-re", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30", "-f", "lavfi", "-i", "sine=440:r=48000"]
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "60", "-b:v", "500k"]
    audio = ["-c:a", "aac", "-b:a", "96k", "-ac", "2"]
    tee = ["-map", "0:v", "-map", "1:a", "-pix_fmt", "yuv420p", "-flags", "+global_header", "-f", "tee"]
    return ["ffmpeg", "-v", "error", "-nostdin", *picture, *video, *audio, *tee, "|".join(outputs)]


def playable(url: str) -> bool:
    """Whether the stream has a few segments to play."""
    try:
        text = get(url, 2).decode()
    except OSError:
        return False
    if text.startswith("#EXTM3U"):
        return text.count("#EXTINF") >= SEGMENTS
    return text.count("<S ") >= SEGMENTS or ' r="' in text


@contextlib.contextmanager
def servers(root: Path) -> Iterator[dict[str, str]]:
    """Run them with their files under `root` (an empty folder anybody may read); the URL of each stream."""
    rtmp, http = free_port(), free_port()
    root.chmod(0o755)
    for name in ("rtmp-hls", "rtmp-dash", "ts", "fmp4", "dash"):
        (root / name).mkdir()
    conf = root / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    conf.write_text(CONF.format(module=MODULE, root=root, rtmp=rtmp, http=http, user=user))
    with contextlib.ExitStack() as running, (root / "ffmpeg.log").open("wb") as log:
        running.enter_context(_process(["nginx", "-c", str(conf), "-e", str(root / "error")], log.fileno()))
        time.sleep(0.5)
        running.enter_context(_process(encoder(root, rtmp), log.fileno()))
        streams = {name: f"http://127.0.0.1:{http}/{path}" for name, path in STREAMS.items()}
        _wait_for(streams, root)
        yield streams


def _wait_for(streams: dict[str, str], root: Path) -> None:
    until_s = time.monotonic() + LIMIT_S
    while late := [name for name, url in streams.items() if not playable(url)]:
        if time.monotonic() > until_s:
            words = (root / "ffmpeg.log").read_text(errors="replace") + (root / "error").read_text(errors="replace")
            raise TimeoutError(f"not playable within {LIMIT_S:.0f} s: {', '.join(late)}\n{words[-2000:]}")
        time.sleep(0.2)


@contextlib.contextmanager
def _process(command: list[str], log: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
