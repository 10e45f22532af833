"""Other people's servers beside ours, each tuned as its makers advise: nginx as a file server and as a cache, Varnish.

All on core 0 and the loopback, files and cache in memory, no logs. nginx: one worker, sendfile, tcp_nopush, reuseport,
long keep-alive; where asked for with open_file_cache, which would serve a live playlist as it was a minute ago.
Varnish: malloc, its own two pools of a hundred threads (more threads, or one pool, only made it slower here), its
log's per-request records off, CMCD left out of keys as ours does.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.edge.machine import SERVER_CORE, on_core
from bench.harness import free_port

HTTP = """
worker_processes 1; daemon off; master_process off; pid {root}/pid; error_log {root}/error crit; {user}
worker_rlimit_nofile {files}; pcre_jit on;
events {{ worker_connections {connections}; multi_accept on; use epoll; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; gzip off; server_tokens off;
  keepalive_requests 100000000; keepalive_timeout 75; reset_timedout_connection on;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp4 m4s; }}
  client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;
  uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
  {rest}
}}
"""
KEPT_OPEN = "open_file_cache max=10000 inactive=60s; open_file_cache_valid 60s; open_file_cache_errors on;"
FILES = """
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096; {more}
    root {root}/www; add_header Cache-Control "public, max-age=1"; add_header Access-Control-Allow-Origin "*";
  }}
"""
TLS = """
    listen 127.0.0.1:{port} ssl reuseport backlog=4096;
    ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.3; ssl_session_cache shared:s:4m;
    ssl_buffer_size 16k;
"""
CACHE = """
  proxy_cache_path {root}/cache levels=1:2 keys_zone=c:16m max_size=1g inactive=60m use_temp_path=off;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096;
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache c; proxy_cache_key $uri; proxy_read_timeout 30s; proxy_cache_revalidate on;
      proxy_cache_use_stale error timeout updating; proxy_cache_background_update on;
      {lock}
    }}
  }}
"""
LOCK = "proxy_cache_lock on; proxy_cache_lock_timeout 30s; proxy_cache_lock_age 30s;"
VCL = """
vcl 4.1;
backend origin {{ .host = "127.0.0.1"; .port = "{origin}"; .max_connections = 10000; .first_byte_timeout = 30s; }}
sub vcl_recv {{ set req.url = regsub(req.url, "\\?CMCD=.*$", ""); unset req.http.Cookie; return (hash); }}
sub vcl_backend_response {{ if (beresp.status == 200) {{ set beresp.ttl = 1h; }} }}
"""
QUIET = (
    "Begin End ReqStart ReqMethod ReqURL ReqProtocol ReqHeader ReqUnset RespProtocol RespStatus RespReason RespHeader"
    " RespUnset Timestamp ReqAcct VCL_call VCL_return Hit Link SessOpen SessClose Length BackendOpen BackendClose"
)
LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server under measurement: its processes and its port."""

    name: str
    pids: tuple[int, ...]
    port: int
    notes: dict[str, str] = field(default_factory=dict)


def wait_open(port: int, process: subprocess.Popen[bytes] | subprocess.Popen[str], limit_s: float = LIMIT_S) -> None:
    """Until somebody listens on a port. Raises SystemExit when the process ends before that."""
    import socket

    until_s = time.monotonic() + limit_s
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > until_s:
            raise SystemExit(f"{process.args!r:.200} does not open port {port}")
        time.sleep(0.02)


def ended(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a process, kindly at first."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _nginx(name: str, root: Path, port: int, rest: str, core: int | str) -> Iterator[Server]:
    root.mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    limit = os.sysconf("SC_OPEN_MAX")
    conf = root / "conf"
    conf.write_text(HTTP.format(root=root, user=user, files=limit, connections=limit - 500, rest=rest))
    command = [*on_core(core), "nginx", "-c", str(conf), "-e", str(root / "error")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_open(port, process)
        yield Server(name, (process.pid,), port)
    finally:
        ended(process)


@contextlib.contextmanager
def nginx_files(
    root: Path,
    files: dict[str, bytes],
    tls: tuple[Path, Path] | None = None,
    more: str = "",
    name: str = "nginx",
) -> Iterator[Server]:
    """nginx as a server of `files` (by name); over TLS 1.3 with a certificate and its key. `more`: directives."""
    port = free_port()
    (root / "www").mkdir(parents=True)
    for file, body in files.items():
        (root / "www" / file).write_bytes(body)
    rest = FILES.format(root=root, port=port, more=more)
    if tls is not None:
        plain = f"listen 127.0.0.1:{port} reuseport backlog=4096;"
        rest = rest.replace(plain, TLS.format(port=port, cert=tls[0], key=tls[1]))
    with _nginx(name, root, port, rest, SERVER_CORE) as server:
        yield server


@contextlib.contextmanager
def nginx_cache(root: Path, origin: int, lock: bool) -> Iterator[Server]:
    """nginx as a cache in front of the origin on port `origin`, with or without its lock."""
    port = free_port()
    rest = CACHE.format(root=root, port=port, origin=origin, lock=LOCK if lock else "")
    name = "nginx, lock" if lock else "nginx, no lock"
    with _nginx(name, root, port, rest, SERVER_CORE) as server:
        yield server


@contextlib.contextmanager
def varnish(root: Path, origin: int) -> Iterator[Server]:
    """Varnish in front of the origin on port `origin`."""
    port = free_port()
    root.mkdir(parents=True, exist_ok=True)
    (root / "vcl").write_text(VCL.format(origin=origin))
    options = {
        "listen_depth": "4096",
        "timeout_idle": "75",
        "vsl_mask": ",".join(f"-{tag}" for tag in QUIET.split()),
    }
    command = [*on_core(SERVER_CORE), "varnishd", "-F", "-j", "none", "-n", str(root / "work"), "-T", "none"]
    command += ["-a", f"127.0.0.1:{port},HTTP", "-f", str(root / "vcl"), "-s", "malloc,1g"]
    command += [word for name, value in options.items() for word in ("-p", f"{name}={value}")]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    try:
        wait_open(port, process, 20)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Server("Varnish", (process.pid, *map(int, children)), port)
    finally:
        ended(process)
