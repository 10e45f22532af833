"""Ingest: who may publish what, decided from a request's head alone.

Method, path and headers enter; a Target leaves, or a Refused with its HTTP status and one sentence. The token is
compared before anything else is looked at. Paths, after DASH-IF Live Media Ingest (interface 1) and what stock
encoders make of it:

  /ingest/{event}/{track}                      one long POST or PUT of a CMAF track
  /ingest/{event}/{track}/{anything}           an object of that track at a time
  /ingest/{event}/Streams({track}.cmfv)        the same, as its clause 6.2 names it
  /ingest/{event}/init-stream0.m4s             ffmpeg's dash muxer: track `stream0`
  /ingest/{event}/status                       the studio's status, JSON
  /ingest/{event}/target                       an order of the operator's: the latency to aim for, {"target_s": 3}
  /ingest/{event}/source                       another: the source that studios are to show, {"source": "main"} or null
  anything ending in .mpd or .m3u8             accepted and ignored: manifests are written here
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from typing import Literal

from ringside.core.studio import NOBODY, NotAStudio, Studio
from ringside.flow.origin.refused import Refused

NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
STREAMS = re.compile(r"Streams\(([A-Za-z0-9_-]{1,32})(?:\.cmf[vatm])?\)")
FFMPEG = re.compile(r"(?:init|chunk)-stream(\d{1,3})(?:-\d{1,20})?\.(?:m4s|mp4|m4a|m4v)")
FILE = re.compile(r"[A-Za-z0-9_.()-]{1,128}")
METHODS = {"POST", "PUT", "DELETE"}
LONGEST_PATH = 512

Kind = Literal["stream", "object", "status", "target", "source", "ignored"]
LETTERS: dict[str, Kind] = {"status": "status", "target": "target", "source": "source"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is for. `track` is empty where it is for none."""

    kind: Kind
    track: str = ""


def is_authorised(header: str, token: str) -> bool:
    """Whether an Authorization header presents the token: Bearer, or the password of Basic. Constant time.

    Without a token nobody may publish.
    """
    scheme, _, value = header.strip().partition(" ")
    presented = ""
    if scheme.lower() == "bearer":
        presented = value.strip()
    elif scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            decoded = ""
        presented = decoded.partition(":")[2]
    return hmac.compare_digest(presented.encode(), token.encode()) and bool(token)


def sender(header: str | None) -> Studio:
    """Who sends, as the header `Ringside-Studio` says; without it nobody that has a name. Raises Refused 400."""
    try:
        return NOBODY if header is None else Studio.from_header(header)
    except NotAStudio as error:
        raise Refused(400, str(error)) from None


def route(method: str, url: str, event: str) -> Target:
    """What a request for `url` (path and query as sent) is for. Raises Refused 400, 404 or 405."""
    if method not in METHODS:
        raise Refused(405, "publish with POST or PUT")
    path = url.partition("?")[0].replace("%28", "(").replace("%29", ")")
    if len(path) > LONGEST_PATH:
        raise Refused(400, f"the path is longer than {LONGEST_PATH} characters")
    steps = path.split("/")
    if steps[:2] != ["", "ingest"] or len(steps) < 4:
        raise Refused(404, "publish to /ingest/EVENT/TRACK")
    if not _is_event(steps[2], event):
        raise Refused(404, f"there is no event {steps[2]!a:.40} here; this is {event}")
    return _target(method, steps[3:])


def _is_event(step: str, event: str) -> bool:
    return step.removesuffix(".isml") == event


def _target(method: str, steps: list[str]) -> Target:
    for step in steps:
        if not FILE.fullmatch(step) or step.startswith("."):
            raise Refused(400, "names of tracks are letters, digits, - and _, at most 32 of them")
    last = steps[-1]
    if method == "DELETE" or last.endswith((".mpd", ".m3u8")):
        return Target("ignored")
    if len(steps) == 1 and last in LETTERS:
        return Target(LETTERS[last])
    streams = STREAMS.fullmatch(last)
    if streams:
        return Target("stream", streams[1])
    numbered = FFMPEG.fullmatch(last)
    if numbered and len(steps) == 1:
        return Target("object", f"stream{int(numbered[1])}")
    if not NAME.fullmatch(steps[0]):
        raise Refused(400, "names of tracks are letters, digits, - and _, at most 32 of them")
    if numbered and int(numbered[1]):
        return Target("object", _checked(f"{steps[0]}-{int(numbered[1])}"))
    return Target("stream" if len(steps) == 1 else "object", steps[0])


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Refused(400, "names of tracks are letters, digits, - and _, at most 32 of them")
    return name
