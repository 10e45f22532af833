"""Offer and answer: SDP as a publisher sends it, judged before any library sees it, and ours as it goes back.

Bytes enter; an `Offer` leaves, or a refusal. What is taken: at most one picture and one sound, sent to us, encrypted,
in codecs that we decode. Candidates are taken out: we answer whoever proves to know our password, and send nothing
to an address only because an offer names it. So nobody makes us knock at other machines' doors.
"""

from dataclasses import dataclass, field
from typing import Literal

from ringside.flow.capture.whip.errors import Refused

Kind = Literal["audio", "video"]

MAX_SDP_BYTES = 128 << 10
MAX_LINES = 2000
CODECS: dict[str, tuple[str, ...]] = {"audio": ("opus",), "video": ("h264", "vp8")}
NEEDED = ("ice-ufrag", "ice-pwd", "fingerprint")
CANDIDATES = ("a=candidate:", "a=end-of-candidates")
START_KBPS, LEAST_KBPS = 3000, 1000
# libwebrtc begins at 300 kbit/s and grows by a few percent a second unless it is told what the line is good for.
HINTS = f"x-google-start-bitrate={START_KBPS};x-google-min-bitrate={LEAST_KBPS}"


@dataclass(frozen=True, slots=True)
class Offer:
    """A publisher's offer that can be answered: without candidates, and what it brings."""

    sdp: str
    kinds: tuple[Kind, ...]


@dataclass(slots=True)
class _Section:
    """A media description (RFC 8866, 5.14), or the session's own part with no `media`."""

    media: str = ""
    lines: list[str] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """What follows `a=name:`."""
        return [line[len(name) + 3 :] for line in self.lines if line.startswith(f"a={name}:")]

    def has(self, name: str) -> bool:
        return f"a={name}" in self.lines

    def direction(self) -> str:
        found = [name for name in ("sendrecv", "sendonly", "recvonly", "inactive") if self.has(name)]
        return found[0] if found else ""

    def codecs(self) -> set[str]:
        return {value.partition(" ")[2].partition("/")[0].lower() for value in self.values("rtpmap")}


def judge(body: bytes) -> Offer:
    """The offer in a POST's body. Raises Refused: 400 where it is no SDP, 422 where it is not what we take."""
    if len(body) > MAX_SDP_BYTES:
        raise Refused(413, f"the offer is larger than {MAX_SDP_BYTES >> 10} kB")
    try:
        lines = body.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise Refused(400, "the offer is not SDP") from None
    if not lines or lines[0].strip() != "v=0" or len(lines) > MAX_LINES:
        raise Refused(400, "the offer is not SDP")
    session, *media = _sections(lines)
    if not media:
        raise Refused(400, "the offer has no media")
    kinds = [section.media.partition(" ")[0] for section in media]
    if sorted(kinds) not in (["audio"], ["video"], ["audio", "video"]):
        raise Refused(422, f"one picture and one sound are taken; the offer has {', '.join(kinds[:8])}"[:200])
    for kind, section in zip(kinds, media, strict=True):
        _check(kind, session, section)
    kept = [line for line in lines if not line.startswith(CANDIDATES)]
    return Offer("\r\n".join(kept) + "\r\n", tuple("video" if kind == "video" else "audio" for kind in kinds))


def _sections(lines: list[str]) -> list[_Section]:
    sections = [_Section()]
    for line in lines:
        if line.startswith("m="):
            sections.append(_Section(line[2:]))
        sections[-1].lines.append(line.rstrip())
    return sections


def _check(kind: str, session: _Section, section: _Section) -> None:
    direction = section.direction() or session.direction() or "sendrecv"
    if direction not in ("sendonly", "sendrecv"):
        raise Refused(422, f"the {kind} of the offer is {direction}: a publisher sends")
    for name in NEEDED:
        if not section.values(name) and not session.values(name):
            raise Refused(400, f"the {kind} of the offer has no {name}")
    if not section.codecs() & set(CODECS[kind]):
        names = " or ".join({"h264": "H.264", "vp8": "VP8", "opus": "Opus"}[codec] for codec in CODECS[kind])
        raise Refused(422, f"the {kind} of the offer is neither of what is taken: send {names}")


def with_hints(answer: str) -> str:
    """Our answer with what tells browsers to begin at a useful rate: parameters that others skip (RFC 8866, 6.15)."""
    payloads = {
        line.partition(":")[2].partition(" ")[0]
        for line in answer.splitlines()
        if line.startswith("a=rtpmap:") and line.partition(" ")[2].partition("/")[0].lower() in CODECS["video"]
    }
    told: set[str] = set()
    out: list[str] = []
    for line in answer.splitlines():
        if line.startswith("a=fmtp:") and (payload := line[7:].partition(" ")[0]) in payloads:
            line, told = f"{line};{HINTS}", told | {payload}
        out.append(line)
    for at in range(len(out) - 1, -1, -1):
        payload = out[at][9:].partition(" ")[0] if out[at].startswith("a=rtpmap:") else ""
        if payload in payloads - told:
            out.insert(at + 1, f"a=fmtp:{payload} {HINTS}")
    return "\r\n".join(out) + "\r\n"
