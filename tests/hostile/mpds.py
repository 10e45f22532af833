"""MPDs that are wrong in themselves, and a proper one whose media, header or clock lead elsewhere."""

import time
from collections.abc import Callable

from tests.hostile.playlists import date
from tests.hostile.replies import body_of
from tests.hostile.talk import Talk

Stream = Callable[[Talk], bool | None]
TYPE = "application/dash+xml"
PROFILE = "urn:mpeg:dash:profile:isoff-live:2011"
TEMPLATE = '<SegmentTemplate timescale="1" duration="1" startNumber="0" initialization="{header}" media="{media}"/>'


def mpd(
    segments: str = "", clock: str = "/clock", media: str = "/good", header: str = "/good", inside: str = ""
) -> str:
    """A live MPD of one-second segments numbered by Unix time, with `inside` before its Period."""
    template = segments or TEMPLATE.format(header=f"{header}/init.mp4", media=f"{media}/$Number$.m4s")
    timing = f'<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="{clock}"/>' if clock else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="{PROFILE}" type="dynamic" minBufferTime="PT1S"'
        ' availabilityStartTime="1970-01-01T00:00:00Z" publishTime="1970-01-01T00:00:00Z" minimumUpdatePeriod="PT1S"'
        f' timeShiftBufferDepth="PT10S" suggestedPresentationDelay="PT3S">{inside}<Period id="1" start="PT0S">'
        f'<AdaptationSet mimeType="video/mp4" contentType="video" segmentAlignment="true">{template}'
        '<Representation id="v" bandwidth="600000" width="640" height="360" codecs="avc1.64001f"/></AdaptationSet>'
        f"</Period>{timing}</MPD>"
    )


def template(**changes: str) -> str:
    """The SegmentTemplate with some attributes changed."""
    values = {"timescale": "1", "duration": "1", "startNumber": "0"} | {"media": "/good/$Number$.m4s"} | changes
    attributes = " ".join(f'{name}="{value}"' for name, value in values.items())
    return f'<SegmentTemplate initialization="/good/init.mp4" {attributes}/>'


def timeline(inner: str) -> str:
    """A SegmentTemplate with this SegmentTimeline."""
    return (
        '<SegmentTemplate timescale="1" initialization="/good/init.mp4" media="/good/$Time$.m4s">'
        f"<SegmentTimeline>{inner}</SegmentTimeline></SegmentTemplate>"
    )


def text(make: Callable[[Talk], str]) -> Stream:
    """Answer with the MPD made at the time."""

    def function(talk: Talk) -> bool:
        talk.answer(make(talk).encode(), TYPE, "200 OK", "Cache-Control: no-store")
        return True

    return function


def fixed(segments: str = "", **changes: str) -> Stream:
    """An MPD that is always the same."""
    return body_of(TYPE, mpd(segments, **changes).encode())


def without(old: str, new: str = "") -> Stream:
    """A proper MPD in which `old` is written as `new`."""
    assert old in mpd()
    return body_of(TYPE, mpd().replace(old, new).encode())


BOMB = (
    '<!DOCTYPE MPD [<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12)) + "]>"
)
EXTERNAL = '<!DOCTYPE MPD [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'


def with_doctype(doctype: str, inside: str) -> Stream:
    """A proper MPD with a document type and `inside`, which uses it."""
    return body_of(TYPE, mpd(inside=inside).replace("?>\n", f"?>\n{doctype}", 1).encode())


MPDS: dict[str, Stream] = {
    "mpd-good": fixed(),
    "mpd-html": body_of(TYPE, b"<!doctype html><title>Sign in</title><p>not closed"),
    "mpd-cut": body_of(TYPE, mpd()[:400].encode()),
    "mpd-empty": body_of(TYPE, b'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>'),
    "mpd-other-root": body_of(TYPE, b"<rss><channel/></rss>"),
    "mpd-latin": body_of(TYPE, mpd(inside="<!-- \xe9 -->").encode("latin-1")),
    "mpd-entity-bomb": with_doctype(BOMB, "<ProgramInformation><Title>&a11;</Title></ProgramInformation>"),
    "mpd-external-entity": with_doctype(EXTERNAL, "<ProgramInformation><Title>&secret;</Title></ProgramInformation>"),
    "mpd-deep": body_of(TYPE, mpd(inside="<a>" * 100_000 + "</a>" * 100_000).encode()),
    "mpd-timeline-long": fixed(timeline('<S t="0" d="1" r="1000000000"/>')),
    "mpd-timeline-open": fixed(timeline('<S t="0" d="1" r="-1"/>')),
    "mpd-timeline-zero": fixed(timeline('<S t="0" d="0" r="1000000000"/>')),
    "mpd-timeline-negative": fixed(timeline('<S t="-9" d="-1" r="-7"/>')),
    "mpd-timeline-empty": fixed(timeline("")),
    "mpd-timeline-many": fixed(timeline('<S t="0" d="1"/>' + '<S d="1" r="9"/>' * 100_000)),
    "mpd-template-wide": fixed(template(media="/good/$Number%0999999999d$.m4s")),
    "mpd-template-words": fixed(template(media="/good/$Number%s$$$$Nothing$.m4s")),
    "mpd-template-open": fixed(template(media="/good/$Number.m4s")),
    "mpd-template-file": fixed(template(media="file:///etc/passwd?$Number$")),
    "mpd-duration-zero": fixed(template(duration="0")),
    "mpd-duration-negative": fixed(template(duration="-1")),
    "mpd-duration-tiny": fixed(template(duration="1", timescale="1000000000")),
    "mpd-timescale-zero": fixed(template(timescale="0")),
    "mpd-timescale-words": fixed(template(timescale="many")),
    "mpd-number-enormous": fixed(template(startNumber="9" * 5000)),
    "mpd-offset-infinite": fixed(template(availabilityTimeOffset="INF")),
    "mpd-offset-nan": fixed(template(availabilityTimeOffset="nan", availabilityTimeComplete="false")),
    "mpd-update-zero": without('minimumUpdatePeriod="PT1S"', 'minimumUpdatePeriod="PT0S"'),
    "mpd-update-nonsense": without('minimumUpdatePeriod="PT1S"', 'minimumUpdatePeriod="soon"'),
    "mpd-start-nonsense": without("1970-01-01T00:00:00Z", "yesterday"),
    "mpd-start-future": without("1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
    "mpd-no-period": body_of(TYPE, mpd().split("<Period")[0].encode() + b"</MPD>"),
    "mpd-no-media": without('mimeType="video/mp4" contentType="video"', 'mimeType="application/ttml+xml"'),
    "mpd-bandwidth-nonsense": without('bandwidth="600000"', 'bandwidth="lots"'),
    "mpd-ten-thousand-periods": body_of(TYPE, mpd().replace("</Period>", "</Period>" + "<Period/>" * 10_000).encode()),
    "via-segment-dash": text(lambda talk: mpd(media="/" + talk.path.split("/")[2])),
    "via-header-dash": text(lambda talk: mpd(header="/" + talk.path.split("/")[2])),
    "via-clock-dash": text(lambda talk: mpd(clock=f"/{talk.path.split('/')[2]}/clock")),
}


def clock(talk: Talk) -> bool:
    """What UTCTiming asks for."""
    talk.answer(date(time.time()).encode())
    return True
