"""HTTP: what any server of media keeps to, whatever the manifest (RFC 9110, 9111, 9112; Fetch).

What enters: a stream of either kind. What leaves: findings. Looks at the answers of probes and at all fetches; the
delivery directives of HLS and the schedule of DASH are judged elsewhere.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream, Fetch, HlsStream, Probe
from ringside.prove.check.watch.ask_common import PIECE

Stream = HlsStream | DashStream

COMPLETE = Rule(
    "http.complete-answers", "MUST", "RFC 9112 §6.3, §8; RFC 9110 §8.4",
    "A body is as long as its framing says, is encoded as its Content-Encoding says, and comes whole.",
)  # fmt: skip
FETCHABLE = Rule(
    "http.listed-is-there", "MUST", "rfc8216bis §6.2.1; ISO/IEC 23009-1 §5.3.9.5.3",
    "Media that the manifest names, and says is there, is answered with 200 (206 for a byte range).",
)  # fmt: skip
MANIFEST = Rule(
    "http.manifest-is-there", "MUST", "rfc8216bis §6.2.1; ISO/IEC 23009-1 §5.2.3.1",
    "The manifest and every playlist it names is answered with 200, whenever it is asked for.",
)  # fmt: skip
RANGE = Rule(
    "http.range", "MUST", "RFC 9110 §14.4, §15.3.7",
    "A 206 carries just the bytes that its Content-Range names; a server without ranges answers 200 with all.",
)  # fmt: skip
HEAD = Rule("http.head", "MUST", "RFC 9110 §9.1, §9.3.2", "HEAD is answered as GET is, without a body.")
HEAD_LENGTH = Rule(
    "http.head-length", "MUST", "RFC 9110 §8.6", "A Content-Length in the answer to HEAD is that of the answer to GET."
)
AGE = Rule("http.age", "MUST", "RFC 9111 §5.1, §1.2.2", "An Age is a number of seconds, and not negative.")
CACHE_CONTROL = Rule(
    "http.cache-control", "MUST", "RFC 9111 §5.2, §1.2.2", "max-age and s-maxage are numbers of seconds, given once."
)
UNKNOWN = Rule(
    "http.unknown-is-404", "SHOULD", "rfc8216bis §6.2.6; RFC 9110 §15.5.5",
    "What is not there and is not hinted is answered with 404 (or 403, 410), and at once.",
)  # fmt: skip
CORS = Rule(
    "http.cors", "SHOULD", "Fetch standard §3.2.3",
    "Manifests and media may be read by players on other sites: Access-Control-Allow-Origin.",
)  # fmt: skip
CMCD = Rule(
    "http.cmcd-ignored", "SHOULD", "CTA-5004 §2",
    "Client data in the query, good or bad, does not change what is answered.",
)  # fmt: skip
MEDIA_TYPE = Rule(
    "http.media-type", "SHOULD", "RFC 9110 §8.3; ISO/IEC 23000-19 Annex; RFC 3555",
    "Media is sent with a Content-Type, and with one of media.",
)  # fmt: skip

ASKED_BY = {
    RANGE.id: "range", HEAD.id: "head", HEAD_LENGTH.id: "head", UNKNOWN.id: "unknown", CORS.id: "cors", CMCD.id: "cmcd",
}  # fmt: skip
"""The probes without which a rule cannot be judged."""
AT_ONCE_S = 5.0
NOT_MEDIA = ("text/", "application/json", "application/xml", "application/vnd.apple.mpegurl", "application/dash+xml")
TEXT_MEDIA = ("text/vtt",)


def of_kind(stream: Stream, *kinds: str) -> Iterator[Probe]:
    """The probes of these kinds."""
    return (probe for probe in stream.probes if probe.kind in kinds)


def answer(fetch: Fetch) -> str:
    """A reply in a few words."""
    if fetch.status == 0 or fetch.problem:
        return f"{fetch.status or 'no answer'}: {fetch.problem}"
    return str(fetch.status)


def took_s(fetch: Fetch) -> float:
    """From the request to the last byte, in seconds."""
    return (fetch.done_ns - fetch.asked_ns) / 1e9


def path(url: str) -> str:
    """What of a URL names the place: path and query."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no URL at all: named as it was written
        return url
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def folder(url: str) -> str:
    """The path of a URL without its last name: objects of one kind share it, so that they make one finding."""
    return path(url).partition("?")[0].rpartition("/")[0] + "/"


def complete_answers(stream: Stream) -> Iterator[Finding]:
    for fetch in stream.fetches:
        if fetch.status and fetch.problem:
            yield COMPLETE.broken(folder(fetch.url), f"{path(fetch.url)}: {fetch.problem}", "the whole body")


def listed_is_there(stream: Stream) -> Iterator[Finding]:
    for probe in of_kind(stream, "media-failed"):
        if not (probe.fetch.status in (200, 206) and probe.fetch.problem):  # else COMPLETE tells
            yield FETCHABLE.broken(probe.name, f"{path(probe.fetch.url)}: {answer(probe.fetch)}", "200")


def manifest_is_there(stream: Stream) -> Iterator[Finding]:
    for probe in of_kind(stream, "playlist-failed"):
        if "_HLS_" not in urlsplit(probe.fetch.url).query:
            where = f"{probe.name} {urlsplit(probe.fetch.url).path}".strip()
            yield MANIFEST.broken(where, answer(probe.fetch), "200 and all of it")


def ranges(stream: Stream) -> Iterator[Finding]:
    first, last = PIECE
    for probe in of_kind(stream, "range"):
        got, whole = probe.fetch, probe.beside
        if whole is None or got.problem:
            continue
        if got.status == 206:
            said = got.header("content-range") or "no Content-Range"
            if not re.fullmatch(rf"bytes {first}-{last}/({len(whole.body)}|\*)", said):
                yield RANGE.broken(probe.name, said, f"bytes {first}-{last}/{len(whole.body)}")
            elif got.body != whole.body[first : last + 1]:
                yield RANGE.broken(probe.name, f"{len(got.body)} other bytes", f"bytes {first} to {last} of the object")
        elif got.status != 200 or got.body != whole.body:
            seen = f"{answer(got)} with {len(got.body)} bytes"
            yield RANGE.broken(probe.name, seen, f"206, or 200 with all {len(whole.body)} bytes")


def head(stream: Stream) -> Iterator[Finding]:
    for probe in of_kind(stream, "head"):
        got, whole = probe.fetch, probe.beside
        if whole is None:
            continue
        if got.problem or got.status != whole.status or got.body:
            body = f" with a body of {len(got.body)} bytes" if got.body else ""
            yield HEAD.broken(probe.name, answer(got) + body, f"{whole.status} without a body")
            continue
        length, true = got.header("content-length"), whole.header("content-length")
        if length is not None and true is not None and length != true:
            yield HEAD_LENGTH.broken(probe.name, length, true)


def age(stream: Stream) -> Iterator[Finding]:
    for fetch in stream.fetches:
        said = fetch.header("age")
        if said is not None and not (said.strip().isascii() and said.strip().isdigit()):
            yield AGE.broken(folder(fetch.url), said[:60], "a number of seconds")


def cache_controls(stream: Stream) -> Iterator[Finding]:
    for fetch in stream.fetches:
        for name, values in directives(fetch).items():
            wrong = [value for value in values if not re.fullmatch(r'"?[0-9]+"?', value)]
            if name in {"max-age", "s-maxage"} and (wrong or len(set(values)) > 1):
                yield CACHE_CONTROL.broken(folder(fetch.url), f"{name}={', '.join(values)[:60]}", "one number")


def unknown(stream: Stream) -> Iterator[Finding]:
    for probe in of_kind(stream, "unknown", "far-future"):
        if probe.fetch.status not in (403, 404, 410, 425) or took_s(probe.fetch) > AT_ONCE_S:
            seen = f"{answer(probe.fetch)} after {took_s(probe.fetch):.1f} s"
            yield UNKNOWN.broken(f"{probe.name} {urlsplit(probe.fetch.url).path}", seen, "404, at once")


def cors(stream: Stream) -> Iterator[Finding]:
    for probe in of_kind(stream, "cors"):
        said = probe.fetch.header("access-control-allow-origin")
        if probe.fetch.status == 200 and said is None:
            seen = "no Access-Control-Allow-Origin"
            yield CORS.broken(folder(probe.fetch.url), seen, "Access-Control-Allow-Origin: *, or the asking site")


def cmcd(stream: Stream) -> Iterator[Finding]:
    for probe in of_kind(stream, "cmcd", "cmcd-bad"):
        got, whole = probe.fetch, probe.beside
        if whole is not None and (got.status, got.body) != (whole.status, whole.body):
            data = "bad client data" if probe.kind == "cmcd-bad" else "client data"
            seen = f"{answer(got)} with {len(got.body)} bytes"
            yield CMCD.broken(f"{probe.name} with {data}", seen, f"{whole.status} with the same {len(whole.body)}")


def media_types(stream: Stream) -> Iterator[Finding]:
    for media in stream.media:
        fetch = media.fetch
        kind = (fetch.header("content-type") or "").lower()
        if fetch.status in (200, 206) and (not kind or kind.startswith(NOT_MEDIA)) and not kind.startswith(TEXT_MEDIA):
            yield MEDIA_TYPE.broken(media.name, kind or "no Content-Type", "such as video/mp4, audio/mp4, video/mp2t")


def directives(fetch: Fetch) -> dict[str, list[str]]:
    """The Cache-Control directives, each with its values as sent."""
    found: dict[str, list[str]] = {}
    for key, text in fetch.headers:
        if key == "cache-control":
            for item in text.split(","):
                name, _, value = item.strip().partition("=")
                found.setdefault(name.lower(), []).append(value.strip())
    return found


def lifetime_s(fetch: Fetch) -> int | None:
    """How long a shared cache may keep a reply, as it says (RFC 9111 §4.2.1); None where it does not say."""
    said = directives(fetch)
    if {"no-store", "no-cache", "private"} & said.keys():
        return 0
    for name in ("s-maxage", "max-age"):
        value = said.get(name, [""])[0].strip('"')
        if value.isdigit() and len(value) < 18:
            return int(value)
    return None


JUDGES = (
    complete_answers, listed_is_there, manifest_is_there, ranges, head, age, cache_controls, unknown, cors, cmcd,
    media_types,
)  # fmt: skip
