"""CMCD (CTA-5004, versions 1 and 2) as hls.js and dash.js send it: from what a player knows to a query or headers.

Pure, but for a sequence number and what is said only once. hls.js rounds to the nearest hundred where dash.js rounds
down, states the top rung only for muxed media, and names the estimate in every request; dash.js calls every live stream
`st=l`, marks each figure with its track in version 2, and adds latency and start delay. Both leave out what is false
and a rate of 1. Not sent: dash.js's aggregate bitrates (ab, lab, tab) and reports of events.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from random import Random
from typing import TypeGuard
from urllib.parse import quote, quote_plus, urlsplit
from uuid import UUID

RTP_SAFETY = 5
_MOST = 1e12
_BITRATE_OBJECTS = ("v", "a", "av")

_HEADER_OF = {
    **dict.fromkeys(("br", "d", "lb", "ot", "tb", "tpb"), "CMCD-Object"),
    **dict.fromkeys(("bl", "dl", "ltc", "mtp", "nor", "pb", "sn", "sta", "su"), "CMCD-Request"),
    **dict.fromkeys(("cid", "msd", "sf", "sid", "st", "v"), "CMCD-Session"),
    **dict.fromkeys(("bs", "pr", "rtp"), "CMCD-Status"),
}
_IN_V1 = {"bl", "br", "bs", "cid", "d", "dl", "mtp", "nor", "ot", "pr", "rtp", "sf", "sid", "st", "su", "tb"}
_TOKENS = {"ot", "sf", "st", "sta"}
_LISTS = {"bl", "br", "lb", "mtp", "nor", "pb", "tb", "tpb"}
"""Inner lists in version 2, plain items in version 1."""
_FORM = {code: quote_plus(chr(code), safe="*").replace("~", "%7E") for code in range(128)}
"""How a form encodes each ASCII character."""


@dataclass(slots=True)
class Report:
    """What a player knows when it asks for something; None where it does not know."""

    object: str
    """`m` manifest or playlist, `i` init section, `v`, `a`, or `av` muxed."""
    bitrate_bps: float | None = None
    """Of the rung asked for, as the manifest says."""
    lowest_bps: float | None = None
    top_bps: float | None = None
    played_bps: float | None = None
    """Of the rung on the screen."""
    duration_s: float | None = None
    buffer_s: float | None = None
    rate: float = 1.0
    estimate_bps: float | None = None
    latency_s: float | None = None
    start_delay_s: float | None = None
    """From the wish to play to the first picture."""
    started: bool = False
    """The first picture has been shown."""
    buffering: bool = True
    """Pictures do not move for want of media."""
    starved: bool = False
    """The buffer has run dry since the last report of this media type (hls.js: of video)."""
    low_latency: bool = False
    live: bool = True
    state: str = "s"
    """Version 2: `s` starting, `p` playing, `r` rebuffering, `k` seeking, `e` ended."""
    next_url: str | None = None
    """The object that will be asked for next, absolute."""


Fields = dict[str, float | str | bool]


class Cmcd:
    """One viewer's reports. `sid` is a random UUID, as both players make it."""

    __slots__ = ("_cid", "_dash", "_headers", "_sent_msd", "_sid", "_sn", "_version")

    def __init__(
        self, rng: Random, *, version: int = 1, headers: bool = False, dash: bool = False, cid: str | None = None
    ) -> None:
        self._version = version
        self._headers = headers
        self._dash = dash
        self._cid = cid
        self._sid = str(UUID(int=rng.getrandbits(128), version=4))
        self._sn = 0
        self._sent_msd = False

    def add_to(self, url: str, report: Report) -> tuple[str, tuple[tuple[str, str], ...]]:
        """URL and extra headers of a request."""
        fields = (_as_dash if self._dash else _as_hls)(report)
        fields |= {"sid": self._sid, "sn": self._sn}
        self._sn += 1
        if self._cid is not None:
            fields["cid"] = self._cid
        if self._sent_msd:
            fields.pop("msd", None)
        self._sent_msd = self._sent_msd or "msd" in fields
        if report.next_url is not None and report.next_url != url and report.object in _BITRATE_OBJECTS:
            fields["nor"] = relative(report.next_url, url)
        members = encode(fields, self._version, report.object if self._dash else "")
        if self._headers:
            return url, as_headers(members)
        return with_query(url, ",".join(members.values())), ()


def _as_hls(report: Report) -> Fields:
    fields: Fields = {"ot": report.object, "sf": "h", "sta": report.state, "pr": report.rate}
    if report.low_latency or report.started or report.object != "m":
        fields["st"] = _stream_type(report)
    _put(fields, "mtp", report.estimate_bps, _hundred_kbps)
    fields["su"] = not report.started if report.object == "m" else report.buffering
    if report.object == "m":
        return fields
    if report.starved and report.object != "a":
        fields["bs"] = fields["su"] = True
    _put(fields, "d", report.duration_s, _ms)
    if report.object == "i" or not _said(report.bitrate_bps):
        return fields
    _put(fields, "br", report.bitrate_bps, _kbps)
    fields["rtp"] = _round(report.bitrate_bps / 1000 * RTP_SAFETY / 100) * 100
    if report.object == "av":
        _put(fields, "tb", report.top_bps, _kbps)
        _put(fields, "lb", report.lowest_bps, _exact_kbps)
    _put(fields, "pb", report.played_bps, _exact_kbps)
    _put(fields, "tpb", report.top_bps, _exact_kbps)
    if _said(report.buffer_s):
        fields["bl"] = _round(report.buffer_s * 10) * 100
        fields["dl"] = _round(report.buffer_s * 10 / (report.rate or 1.0)) * 100
    return fields


def _as_dash(report: Report) -> Fields:
    fields: Fields = {"ot": report.object, "sta": report.state, "pr": report.rate}
    if report.object != "m" or report.started:
        fields |= {"sf": "d", "st": "l" if report.live else "v"}
    _put(fields, "ltc", report.latency_s, _ms)
    _put(fields, "msd", report.start_delay_s, _ms)
    if report.object == "i":
        fields["su"] = True
    if report.object not in _BITRATE_OBJECTS or not _said(report.bitrate_bps):
        return fields
    fields["br"] = floor(report.bitrate_bps / 1000)
    fields["su"] = report.buffering or report.starved
    fields["bs"] = report.starved
    _put(fields, "d", report.duration_s, _ms)
    _put(fields, "mtp", report.estimate_bps, lambda bps: floor(bps * 0.9 / 100_000) * 100)
    _put(fields, "tb", report.top_bps, _kbps)
    _put(fields, "tpb", report.top_bps, _exact_kbps)
    _put(fields, "pb", report.played_bps, _kbps)
    if _said(report.buffer_s):
        buffer_ms = floor(report.buffer_s * 10) * 100
        fields["bl"] = buffer_ms
        fields["dl"] = floor(report.buffer_s / (report.rate or 1.0) * 10) * 100
        if _said(report.duration_s):
            load_s = (buffer_ms or 500) / (report.rate or 1.0) / 1000
            kbps = report.bitrate_bps * report.duration_s / 1000 / load_s * RTP_SAFETY
            fields["rtp"] = (floor(kbps / 100) + 1) * 100
    return fields


def _stream_type(report: Report) -> str:
    if not report.live:
        return "v"
    return "ll" if report.low_latency else "l"


def _put(fields: Fields, key: str, value: float | None, form: Callable[[float], float]) -> None:
    if _said(value):
        fields[key] = form(value)


def _said(value: float | None) -> TypeGuard[float]:
    """Known, and a number that a structured field can hold."""
    return value is not None and abs(value) < _MOST


def _round(value: float) -> int:
    """To the nearest, halves up, as scripts do."""
    return floor(value + 0.5)


def _ms(seconds: float) -> int:
    return _round(seconds * 1000)


def _kbps(bps: float) -> int:
    return _round(bps / 1000)


def _exact_kbps(bps: float) -> float:
    return bps / 1000


def _hundred_kbps(bps: float) -> int:
    return _round(bps / 100_000) * 100


def encode(fields: Fields, version: int, track: str = "") -> dict[str, str]:
    """Members of the structured-field dictionary (RFC 8941), sorted by key; `track` marks inner lists in version 2."""
    if version > 1:
        fields = {**fields, "v": version}
    members = {}
    mark = f";{track}" if track in ("v", "a") else ""
    for key in sorted(fields):
        if version == 1 and key not in _IN_V1:
            continue
        value = fields[key]
        if isinstance(value, bool):
            if value:
                members[key] = key
            continue
        text = _string(key, value, version) if isinstance(value, str) else _number(value)
        if not text or (key == "pr" and value == 1):
            continue
        if version > 1 and key in _LISTS:
            text = f"({text})" if key == "nor" else f"({text}{mark})"
        members[key] = f"{key}={text}"
    return members


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    rounded = round(value, 3)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)


def _string(key: str, text: str, version: int) -> str:
    """A token or a quoted string; empty where a structured field cannot hold it."""
    if key in _TOKENS:
        return text
    if version == 1 and key == "nor":
        text = quote(text, safe="!'()*~")
    return _quoted(text) if text and text.isascii() and text.isprintable() else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def as_headers(members: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The four headers, as far as they have anything to say."""
    shards: dict[str, list[str]] = {}
    for key, member in members.items():
        shards.setdefault(_HEADER_OF[key], []).append(member)
    return tuple((name, ",".join(shard)) for name, shard in shards.items())


def with_query(url: str, cmcd: str) -> str:
    """The URL with one CMCD parameter more, encoded as a form would be."""
    if not cmcd:
        return url
    encoded = cmcd.translate(_FORM) if cmcd.isascii() else quote_plus(cmcd, safe="*").replace("~", "%7E")
    return f"{url}{'&' if '?' in url else '?'}CMCD={encoded}"


def relative(url: str, base: str) -> str:
    """`url` as seen from `base`; unchanged on another host."""
    to, near = urlsplit(url), urlsplit(base)
    if (to.scheme, to.netloc) != (near.scheme, near.netloc):
        return url
    there, here = to.path.split("/")[1:], near.path.split("/")[1:-1]
    while there[1:] and here and there[0] == here[0]:
        there, here = there[1:], here[1:]
    path = "/".join([".."] * len(here) + there)
    return f"{path}?{to.query}" if to.query else path
