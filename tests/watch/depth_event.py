"""Messages of an event that has two of everything, and of an edge with two origins."""

from copy import deepcopy
from typing import Any

T0_MS = 1_790_000_000_000
TOKEN = "operators-token"


def one_input(name: str, state: str, since_s: int, **more: Any) -> dict[str, Any]:
    told = {"name": name, "kind": "srt", "from": f"srt://0.0.0.0:90{len(name):02}", "state": state, "faults": []}
    return {**told, "since_ms": T0_MS - since_s * 1000, "detail": "1280x720 h264 30 fps, aac 48 kHz stereo", **more}


INPUTS = [
    one_input("stadium", "ready", 4, faults=["black", "silent"],
              stats={"peer": "203.0.113.7:4000", "rtt_ms": 41.2, "lost": 12, "dropped": 3}),
    one_input("van", "on_air", 4, kind="whip",
              stats={"publisher": "198.51.100.20", "silent": False, "bitrate_bps": 2_840_000, "lost": 0}),
    one_input("phone", "waiting", 3600, detail="waiting for rtmp://0.0.0.0:1935/live"),
    one_input("clip", "ready", 3600, kind="file", **{"from": "clips/back-soon.mp4"}),
]  # fmt: skip


def candidate(studio: str, state: str, on_air: bool = False, **more: Any) -> dict[str, Any]:
    told = {"studio": studio, "order": 0, "on_air": on_air, "state": state, "marks": {}, "chunks": 9000, "late": 0}
    return {**told, "since_ms": T0_MS - 65_000, **more}


def track(name: str, *candidates: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "codec": "avc1.64001f", "last": [895_000_000, 4], "age_ms": 90, "gaps": 0,
            "candidates": list(candidates)}  # fmt: skip


TRACKS = [
    track(name, candidate("studio-a", "late", late=17,
          marks={"late": 17, "missing frames": 2}), candidate("studio-b", "on air", True))
    for name in ("v720", "v360", "a")
]  # fmt: skip
STUDIOS = [
    {"name": "studio-a", "order": 0, "source": {"on_air": "stadium"},
     "encoder": {"speed": 0.71}, "heard_ms": T0_MS - 8000},
    {"name": "studio-b", "order": 1, "source": {"on_air": "van"}, "encoder": {"speed": 1.0}, "heard_ms": T0_MS},
]  # fmt: skip
ARCHIVE = {
    "url": "s3://matches/cup", "state": "failing", "why": "s3://matches/cup: the store refuses to write (503)",
    "session": "20261123T083340.383Z", "segments": 5400, "bytes": 9_800_000_000, "waiting": 42, "failed": 3,
    "oldest_waiting_s": 84.0, "brought_back": {"pulls": 120},
}  # fmt: skip
RESTREAMS = [
    {"to": "rtmps://live.example.com/app", "state": "live", "since_ms": T0_MS - 3_000_000, "bitrate_bps": 2_930_000,
     "sent_bytes": 1_100_000_000, "dropped": 0, "restarts": 0, "why": ""},
    {"to": "srt://relay.example.org:9000", "state": "retrying", "since_ms": T0_MS - 9000, "bitrate_bps": 0,
     "sent_bytes": 12_000_000, "dropped": 60, "restarts": 4,
     "why": "srt://relay.example.org:9000: the connection timed out"},
]  # fmt: skip
ORIGINS = [
    {"url": "http://origin-a:8080", "state": "late", "lateness_ms": 1480.0,
     "on_air": False, "failures": 3, "pulled_bytes": 8_000_000, "since_ms": T0_MS - 12_000},
    {"url": "http://origin-b:8080", "state": "live", "lateness_ms": 4.2,
     "on_air": True, "failures": 0, "pulled_bytes": 9_000_000, "since_ms": T0_MS - 12_000},
]  # fmt: skip


def deep(plain: dict[str, Any], forced: str | None = None, **more: Any) -> dict[str, Any]:
    """An event's message with all that stands behind it."""
    source = {**plain["source"], "on_air": "van", "forced": forced, "inputs": deepcopy(INPUTS)}
    origin = {**plain["origin"], "tracks": deepcopy(TRACKS), "switches": 2}
    return {**plain, "now_ms": T0_MS, "source": source, "origin": origin, "studios": STUDIOS, "archive": ARCHIVE,
            "restreams": RESTREAMS, **more}  # fmt: skip
