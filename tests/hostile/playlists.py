"""HLS playlists that are wrong in themselves, and proper ones whose pieces lead elsewhere.

All live on the wall clock: segment `n` covers second `n` of Unix time, so any request can be answered without memory.
"""

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime

from tests.hostile.replies import PLAYLIST, REPLIES, body_of
from tests.hostile.talk import Talk

Stream = Callable[[Talk], bool | None]
PLAYLISTS: dict[str, Stream] = {}
PARTS = 5
TOP = "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:1\n"
CONTROL = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6,HOLD-BACK=3\n#EXT-X-PART-INF:PART-TARGET=0.2\n"
LONGEST_HOLD_S = 3.0
EARLY_S = 1e-3  # so that what was held for is in the answer, whatever the clocks' grain


def stream(name: str) -> Callable[[Stream], Stream]:
    """Enter a stream under its name."""

    def enter(function: Stream) -> Stream:
        assert name not in PLAYLISTS
        PLAYLISTS[name] = function
        return function

    return enter


def date(number: float) -> str:
    """PROGRAM-DATE-TIME of second `number`."""
    return datetime.fromtimestamp(number, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def plain(now_s: float, media: str = "/good", header: str = "", first: int | None = None) -> str:
    """A live playlist of six one-second segments at `media`, ending at `now_s`."""
    last = int(now_s)
    first = last - 6 if first is None else first
    text = TOP.format(version=7) + f"#EXT-X-MEDIA-SEQUENCE:{first}\n"
    text += f'#EXT-X-MAP:URI="{header}"\n' if header else ""
    for number in range(first, first + 6):
        text += f"#EXT-X-PROGRAM-DATE-TIME:{date(last - 6 + number - first)}\n#EXTINF:1.0,\n{media}/{number}.m4s\n"
    return text


def low_latency(now_s: float, media: str = "/good", parts: str = "/good", header: str = "/good/init.mp4") -> str:
    """The same with the parts of its last segments, the newest not complete, and a hint."""
    last = int(now_s)
    text = TOP.format(version=9) + CONTROL + f'#EXT-X-MEDIA-SEQUENCE:{last - 6}\n#EXT-X-MAP:URI="{header}"\n'
    for number in range(last - 6, last + 1):
        text += f"#EXT-X-PROGRAM-DATE-TIME:{date(number)}\n"
        done = PARTS if number < last else int((now_s - last) * PARTS)
        for part in range(done if number > last - 3 else 0):
            first = ",INDEPENDENT=YES" if part == 0 else ""
            text += f'#EXT-X-PART:DURATION=0.2,URI="{parts}/{number}.{part}.m4s"{first}\n'
        if number < last:
            text += f"#EXTINF:1.0,\n{media}/{number}.m4s\n"
    return text + f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{parts}/{last}.{done}.m4s"\n'


def held(talk: Talk) -> float:
    """Wait for what a blocking reload asks for; the moment to answer as of."""
    try:
        number, part = int(talk.query["_HLS_msn"]), int(talk.query.get("_HLS_part", PARTS - 1))
    except (KeyError, ValueError):
        return time.time()
    asked_s = number + (part + 1) / PARTS
    talk.wait(max(0.0, min(LONGEST_HOLD_S, asked_s - time.time() + EARLY_S)))
    return time.time()


def text_of(make: Callable[[Talk], str]) -> Stream:
    """Answer with the playlist made at the time."""

    def function(talk: Talk) -> bool:
        talk.answer(make(talk).encode(), PLAYLIST, "200 OK", "Cache-Control: no-store", f"Date: {_http_date()}")
        return True

    return function


def _http_date() -> str:
    return datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def multivariant(uri: str, audio: str = "") -> str:
    """One variant at `uri`, with sound at `audio` if it has any."""
    sound = f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,AUTOSELECT=YES,URI="{audio}"\n' if audio else ""
    group = ',AUDIO="a"' if audio else ""
    line = f'#EXT-X-STREAM-INF:BANDWIDTH=600000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360{group}\n{uri}\n'
    return f"#EXTM3U\n#EXT-X-VERSION:7\n{sound}{line}"


def name_of(talk: Talk) -> str:
    """NAME of `/via-something/NAME/...`."""
    return talk.path.split("/")[2]


def numbered(line: str) -> Stream:
    """A proper live playlist with one line more, before its first segment."""
    return text_of(lambda _: plain(time.time()).replace("#EXT-X-MEDIA-SEQUENCE", f"{line}\n#EXT-X-MEDIA-SEQUENCE"))


def swapped(old: str, new: str) -> Stream:
    """A proper live playlist in which `old` is written as `new`."""
    return text_of(lambda _: plain(time.time()).replace(old, new))


def swapped_ll(old: str, new: str) -> Stream:
    """The same of a low-latency playlist, which is never held."""
    return text_of(lambda _: low_latency(time.time()).replace(old, new))


_counter = itertools.count(1)
STUCK_S = time.time() - 2
FILE = "file:///etc/passwd"
MANY = b"".join(b"#EXT-X-STREAM-INF:BANDWIDTH=%d\n/good/%d.m3u8\n" % (i + 1, i) for i in range(10_000))
SKIPPED = b"#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-SKIP:SKIPPED-SEGMENTS=999999999\n"

PLAYLISTS |= {
    "good": text_of(lambda _: plain(time.time())),
    "good-ll": text_of(lambda talk: low_latency(held(talk))),
    "stuck": text_of(lambda _: plain(STUCK_S)),
    "ll-stuck": text_of(lambda _: low_latency(STUCK_S)),
    "ll-never-held": text_of(lambda _: low_latency(time.time())),
    "ll-backwards": text_of(lambda _: low_latency(time.time() - 10 * next(_counter))),
    "backwards": text_of(lambda _: plain(time.time() - 10 * next(_counter))),
    "jumps": text_of(lambda _: plain(time.time(), first=next(_counter) * 1_000_000)),
    "cyclic": text_of(lambda _: multivariant("/cyclic/index.m3u8", "/cyclic/audio.m3u8")),
    "only-a-header": body_of(PLAYLIST, b"#EXTM3U\n"),
    "no-segments": body_of(PLAYLIST, TOP.format(version=3).encode() + b"#EXT-X-MEDIA-SEQUENCE:0\n"),
    "no-variants": body_of(PLAYLIST, b'#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="/good/a.m3u8"\n'),
    "variant-without-a-uri": body_of(PLAYLIST, b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"),
    "bandwidth-nonsense": body_of(PLAYLIST, b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=lots\n/good/index.m3u8\n"),
    "ten-thousand-variants": body_of(PLAYLIST, b"#EXTM3U\n" + MANY),
    "zero-durations": swapped("#EXTINF:1.0", "#EXTINF:0"),
    "target-zero": swapped("TARGETDURATION:1", "TARGETDURATION:0"),
    "target-enormous": swapped("TARGETDURATION:1", "TARGETDURATION:99999999999999999999"),
    "duration-nan": swapped("#EXTINF:1.0", "#EXTINF:nan"),
    "duration-infinite": swapped("#EXTINF:1.0", "#EXTINF:1e999"),
    "duration-negative": swapped("#EXTINF:1.0", "#EXTINF:-3"),
    "number-enormous": text_of(lambda _: plain(time.time(), first=10**30)),
    "number-of-digits": swapped("#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-MEDIA-SEQUENCE:" + "9" * 20_000),
    "date-nonsense": swapped("PROGRAM-DATE-TIME:2", "PROGRAM-DATE-TIME:the 2"),
    "date-far": swapped("PROGRAM-DATE-TIME:2", "PROGRAM-DATE-TIME:9"),
    "uri-file": swapped("/good/", f"{FILE}?"),
    "uri-nonsense": swapped("/good/", "http://[::1/%zz/"),
    "uri-port": swapped("/good/", "http://127.0.0.1:99999/"),
    "uri-data": swapped("/good/", "data:video/mp4;base64,AAAA"),
    "uri-control": swapped("/good/", "/go\x00od\x7f/\x0b"),
    "uri-long": swapped("/good/", "/good/" + "x" * 100_000),
    "not-utf-8": body_of(PLAYLIST, b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\xff\xfe\xfa\n\xff.ts\n"),
    "line-of-10-mb": body_of(PLAYLIST, b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#" + b"x" * 10_000_000 + b"\n"),
    "quotes-open": numbered('#EXT-X-MAP:URI="/good/init.mp4'),
    "attributes-many": numbered("#EXT-X-START:" + ",".join(f"A{i}=1" for i in range(20_000))),
    "define-endless": numbered('#EXT-X-DEFINE:NAME="a",VALUE="{$a}{$a}"\n#EXT-X-MAP:URI="{$a}"'),
    "byterange-enormous": numbered('#EXT-X-MAP:URI="/good/init.mp4",BYTERANGE="99999999999999999999@99"'),
    "key-nowhere": numbered(f'#EXT-X-KEY:METHOD=AES-128,URI="{FILE}"'),
    "skip-lies": body_of(PLAYLIST, TOP.format(version=9).encode() + SKIPPED),
    "part-target-zero": swapped_ll("PART-TARGET=0.2", "PART-TARGET=0"),
    "part-target-nan": swapped_ll("PART-TARGET=0.2", "PART-TARGET=nan"),
    "part-durations-zero": swapped_ll("DURATION=0.2", "DURATION=0"),
    "hold-back-negative": swapped_ll("PART-HOLD-BACK=0.6", "PART-HOLD-BACK=-60"),
    "hold-back-enormous": swapped_ll("PART-HOLD-BACK=0.6", "PART-HOLD-BACK=1e300"),
    "hint-file": swapped_ll('TYPE=PART,URI="', f'TYPE=PART,URI="{FILE}?'),
    "hint-same": text_of(lambda _: low_latency(time.time()).rsplit("URI", 1)[0] + 'URI="/good/x.m4s"\n'),
    "via-segment": text_of(lambda talk: plain(time.time(), f"/{name_of(talk)}")),
    "via-header": text_of(lambda talk: plain(time.time(), "/good", f"/{name_of(talk)}/init.mp4")),
    "via-part": text_of(lambda talk: low_latency(held(talk), "/good", f"/{name_of(talk)}")),
    "via-rendition": text_of(lambda talk: multivariant(f"/{name_of(talk)}/video.m3u8")),
    "via-audio": text_of(lambda talk: multivariant("/good/video.m3u8", f"/{name_of(talk)}/audio.m3u8")),
}  # fmt: skip


@stream("via-reload")
def via_reload(talk: Talk) -> bool | None:
    """A proper low-latency playlist at first; every blocking reload is answered as NAME."""
    misbehave = REPLIES.get(name_of(talk))
    if misbehave is not None and "_HLS_msn" in talk.query:
        return misbehave(talk)
    return text_of(lambda _: low_latency(held(talk)))(talk)


@stream("continue-before-good")
def continue_before_good(talk: Talk) -> bool | None:
    """An interim response before each playlist, as RFC 9110 §15.2 allows."""
    talk.send(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    return PLAYLISTS["good"](talk)
