"""What an edge that is a gateway tells of itself: the messages of a group that flows, is cut, and flows again."""

from typing import Any

T0_MS = 1_790_000_000_000
CUT_S = (170, 190)
RATES = {"v720": 2_900_000, "v360": 680_000, "v180": 260_000, "a": 136_000}
PACKET_BYTES = 1372
WORKER = {"pid": 4101, "viewers": 480, "held": 900, "egress_bps": 1.2e9, "loop_lag_ms": 1.2, "cpu_cores": 0.4}


def _track(name: str, at: int) -> dict[str, int]:
    """A track after `at` seconds: 5 % lost, most of it mended by FEC."""
    silent = max(0, min(at, CUT_S[1]) - CUT_S[0]) + 3
    flowed = at - silent
    packets = RATES[name] * flowed * 115 // (100 * 8 * PACKET_BYTES)
    objects = 5 * flowed
    cost, repaired = RATES[name] * at // 8, RATES[name] * flowed // (8 * 250)
    return {
        "packets": packets * 95 // 100, "lost": packets * 5 // 100, "objects": objects,
        "mended_by_fec": objects * 45 // 100, "mended_by_unicast": objects * 4 // 100, "missing": 0,
        "group_bytes": packets * PACKET_BYTES * 95 // 100,
        "unicast_bytes": repaired + RATES[name] * silent // 8, "unicast_cost_bytes": cost,
    }  # fmt: skip


def multicast(at: int, **more: Any) -> dict[str, Any]:
    """The gateway's part, `at` seconds into the event."""
    tracks = {name: _track(name, at) for name in RATES}
    cut = CUT_S[0] <= at < CUT_S[1]
    keys = ("group_bytes", "unicast_bytes", "unicast_cost_bytes")
    sums = {key: sum(track[key] for track in tracks.values()) for key in keys}
    offload = 100 * (1 - sums["unicast_bytes"] / max(1, sums["unicast_cost_bytes"]))
    since = max(second for second in (3, *CUT_S) if second <= max(at, 3))
    none = dict.fromkeys(("length", "header", "tsi", "source", "forged", "replayed", "info", "symbol", "full"), 0)
    return {
        "state": "bridge" if cut else "group", "since_ms": T0_MS + 1000 * since,
        "switches": 1 + (at >= CUT_S[0]) + (at >= CUT_S[1]), "group": "232.66.1.1:5000", "source": "10.66.0.9",
        "unread": 0, "buffer_bytes": 8 << 20, "dropped": {**none, "tsi": 41, "late": 212}, "tracks": tracks,
        "offload_percent": round(offload + 1.2, 1), "offload_in_all_percent": round(offload, 1), **sums,
        "delay_ms": {"p50": 41.0, "p95": 88.0}, **more,
    }  # fmt: skip


def gateway_message(at: int = 240, **more: Any) -> dict[str, Any]:
    """One message of a gateway; `more` goes into its multicast part."""
    upstream = {"url": "http://origin:8080", "mode": "push", "state": "live", "since_ms": T0_MS, "bits_per_s": 16_000,
                "requests_per_s": 0, "objects": 300, "bytes": 9e7, "kinds": {}, "failures": 1, "clock_ahead_ms": 0.4,
                "clock_within_ms": 0.7}  # fmt: skip
    edge = {
        "viewers": 480, "held": 900, "requests_per_s": 7200, "egress_bps": 1.2e9, "loop_lag_ms": 1.2,
        "statuses": {"200": 900_000}, "workers": [WORKER],
        "kinds": {"part": {"hits": 90000, "held": 80000, "bytes": 4e9}},
        "objects": [{"path": f"/live/main/v720/895000000.{n}.m4s", "hits": 480, "held": 470} for n in range(4)],
        "top_rung_share": 0.91,
    }  # fmt: skip
    told = {"event": "Edge of origin", "now_ms": T0_MS + at * 1000, "uptime_s": at, "state": "live"}
    processes = [{"name": "filler", "pid": 4100, "restarts": 0, "uptime_s": at}]
    log = [{"at_ms": T0_MS + 190_500, "text": "the group flows again: the origin's feed is closed"}]
    return {
        **told,
        "upstream": upstream,
        "edge": edge,
        "multicast": multicast(at, **more),
        "processes": processes,
        "log": log,
    }
