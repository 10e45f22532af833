"""Lifetime: how long what an origin answered is served without a question, with one, and when there is no answer. Pure.

What enters: the facts of an answer, and now. What leaves: Unix times. The origin's word counts where it gives one
(RFC 9111 §4.2), less the age it had; live manifests and media without a word get the lifetimes that rfc8216bis
(appendix on caching) names. Nothing lives shorter than `Policy.shortest_s`, be it `no-store`: those who ask in the same
instant share one answer, as if they had asked together. While an origin fails, what was good is served on for its
grace, except where the origin forbade that.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple

from ringside.flow.relay.fill.policy import Policy

NS_PER_S = 1_000_000_000
TARGET = re.compile(rb"^#EXT-X-TARGETDURATION:[ \t]*(\d{1,6})", re.MULTILINE)
DIRECTIVE = re.compile(r'([A-Za-z-]+)(?:\s*=\s*"?([^",]*)"?)?')
NO_CONTENT = 204
TRY_LATER = {408, 425, 429}  # of the client's errors these pass by themselves
UNASKED = {206, 304}  # answers to what was not asked
MANIFEST_NAMES = (".m3u8", ".m3u", ".mpd")


class Kind(StrEnum):
    """What an answer is to a cache."""

    MANIFEST = "manifest"
    BLOCKING = "blocking"  # a playlist that was asked for by its newest part (rfc8216bis §6.2.5.2)
    MEDIA = "media"  # and everything else
    REFUSAL = "refusal"  # also a redirect
    NO_NEWS = "no news"  # 204: what was asked for may come any time, and is asked for again


PASSING = {Kind.REFUSAL, Kind.NO_NEWS}
"""Never served beyond their time."""


class Answer(NamedTuple):
    """The facts of an origin's answer: its status and the fields that matter, as they were sent; empty without."""

    status: int
    content_type: str = ""
    length: int = -1  # bytes, -1 where unknown
    cache_control: str = ""
    age: str = ""
    expires: str = ""
    date: str = ""
    etag: str = ""
    last_modified: str = ""
    location: str = ""


class Pace(NamedTuple):
    """What a playlist says of how often it changes: its target duration in seconds, 0 without; whether it has ended."""

    target_s: int = 0
    ended: bool = False


STILL = Pace()


class Times(NamedTuple):
    """Unix times, nanoseconds: made; fresh until; served while asked for again until."""

    made_ns: int
    fresh_ns: int
    stale_ns: int


def failed(status: int) -> bool:
    """Whether this status says that the origin cannot answer now."""
    return status >= 500 or status < 200 or status in TRY_LATER or status in UNASKED


def kind(key: str, answer: Answer) -> Kind:
    """What the answer to `key` is."""
    path, _, query = key.partition("?")
    if answer.status == NO_CONTENT:
        return Kind.NO_NEWS
    if not 200 <= answer.status < 300:
        return Kind.REFUSAL
    if not is_manifest(path, answer.content_type):
        return Kind.MEDIA
    return Kind.BLOCKING if "_HLS_msn=" in query else Kind.MANIFEST


def is_manifest(path: str, content_type: str) -> bool:
    """Whether this is a playlist or an MPD, by its type or its name."""
    given = content_type.lower()
    return "mpegurl" in given or "dash+xml" in given or path.lower().endswith(MANIFEST_NAMES)


def pace(body: bytes) -> Pace:
    """The pace of a playlist; of anything else none."""
    found = TARGET.search(body, 0, 65_536)
    return Pace(int(found[1]), b"#EXT-X-ENDLIST" in body[-256:]) if found else STILL


def directives(cache_control: str) -> Mapping[str, str]:
    """A Cache-Control field's directives, names in lower case; of two that are the same the first (RFC 9111 §4.2.1)."""
    found: dict[str, str] = {}
    for name, value in DIRECTIVE.findall(cache_control):
        found.setdefault(name.lower(), value.strip())
    return found


def times(key: str, answer: Answer, beat: Pace, now_ns: int, policy: Policy) -> Times:
    """The lifetime of an answer that came at `now_ns`; `beat` is a manifest's."""
    what, said = kind(key, answer), directives(answer.cache_control)
    age_s = min(_seconds(answer.age) or 0, int(policy.longest_fresh_s))
    given_s = _given(answer, said)
    if given_s is None:
        fresh_s = _usual(what, beat, policy)
    elif what is Kind.REFUSAL and given_s <= 0:
        fresh_s = policy.refusal_s
    else:
        fresh_s = given_s - age_s
    fresh_s = max(policy.shortest_s, min(fresh_s, policy.longest_fresh_s))
    stale_s = 0.0 if fresh_s <= policy.shortest_s else _stale(what, said, fresh_s, policy)
    fresh_ns = now_ns + int(fresh_s * NS_PER_S)
    return Times(now_ns - age_s * NS_PER_S, fresh_ns, fresh_ns + int(stale_s * NS_PER_S))


def _given(answer: Answer, said: Mapping[str, str]) -> float | None:
    """The seconds that the origin names; None when it leaves them to us."""
    if said.keys() & {"no-store", "private", "no-cache"}:
        return 0
    for name in ("s-maxage", "max-age"):
        if name in said:
            return _seconds(said[name]) or 0
    return _until(answer.expires, answer.date) if answer.expires else None


def _seconds(text: str) -> int | None:
    digits = text.strip()
    return min(int(digits), 2**31) if digits.isascii() and digits.isdigit() and len(digits) < 40 else None


def _until(expires: str, date: str) -> float:
    """Seconds from one date to the other; what is no date is over (RFC 9111 §5.3)."""
    try:
        return (parsedate_to_datetime(expires) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0


def _usual(what: Kind, beat: Pace, policy: Policy) -> float:
    """The seconds that such an answer lives where nobody says."""
    if what is Kind.REFUSAL:
        return policy.refusal_s
    if what is Kind.MEDIA or beat.ended:
        return policy.media_s
    if what is Kind.NO_NEWS or not beat.target_s:
        return policy.manifest_s
    return beat.target_s * (policy.blocking_targets if what is Kind.BLOCKING else 0.5)


def _stale(what: Kind, said: Mapping[str, str], fresh_s: float, policy: Policy) -> float:
    """For how many seconds it is served while it is asked for again (RFC 5861 §3)."""
    if said.keys() & {"must-revalidate", "proxy-revalidate"} or what in PASSING:
        return 0
    named = _seconds(said.get("stale-while-revalidate", ""))
    if named is not None:
        return min(named, policy.longest_fresh_s)
    return fresh_s / 2 if what is Kind.MANIFEST else min(fresh_s, policy.media_s)


def caching(answer: Answer, given: Times, now_ns: int) -> str:
    """The Cache-Control value for viewers: the origin's own, or what we go by ourselves."""
    if answer.cache_control:
        return answer.cache_control
    return f"public, max-age={max(1, (given.fresh_ns - now_ns) // NS_PER_S)}"


def grace_end_ns(key: str, answer: Answer, given: Times, policy: Policy) -> int:
    """Until when this answer may be served on while the origin fails (RFC 5861 §4)."""
    what, said = kind(key, answer), directives(answer.cache_control)
    if what in PASSING or said.keys() & {"no-store", "private", "must-revalidate", "proxy-revalidate"}:
        return given.stale_ns
    grace_s = policy.media_grace_s if what is Kind.MEDIA else policy.manifest_grace_s
    return max(given.stale_ns, given.fresh_ns + int(grace_s * NS_PER_S))


def backoff_ns(failures: int, policy: Policy) -> int:
    """How long an origin is not asked again after its `failures`-th failure in a row."""
    return int(min(policy.failure_max_s, policy.failure_s * 2 ** min(failures - 1, 16)) * NS_PER_S)


def served_on(made_ns: int, end_ns: int, for_ns: int, now_ns: int) -> Times:
    """A copy's times while the origin fails or thinks: fresh `for_ns` longer, never beyond its grace."""
    fresh_ns = min(now_ns + for_ns, end_ns)
    return Times(made_ns, fresh_ns, min(fresh_ns + for_ns, end_ns))
