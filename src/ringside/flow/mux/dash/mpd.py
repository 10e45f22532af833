"""The MPD (ISO/IEC 23009-1, DASH-IF IOP low-latency): dynamic while the event is on, static once it has ended.

In go the views of all tracks and the time of publication; out comes the document. Media is addressed by number and
constant duration, so the document changes only in publishTime and, while the window fills, timeShiftBufferDepth:
a player that misses an update misses nothing.
"""

from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from ringside.core.media import View
from ringside.flow.mux.dash.adaptation import HTTP_ISO, HTTP_XSDATE, adaptation_sets
from ringside.flow.mux.dash.config import Anchor, Config
from ringside.flow.mux.dash.element import NAMESPACE, date, document, duration, element
from ringside.flow.mux.dash.timing import Timing, timing

LIVE = "urn:mpeg:dash:profile:isoff-live:2011"
CMAF = "urn:mpeg:dash:profile:cmaf:2019"
LOW_LATENCY = "http://www.dashif.org/guidelines/low-latency-live-v5"


def mpd(views: Sequence[View], config: Config, published_ns: int, anchor: Anchor | None = None) -> bytes:
    """The MPD of an event whose tracks stand at these views, published at `published_ns` of Unix time.

    Media is at `{track}/{number}.m4s` beside the MPD. `anchor` is for encoders that do not cut on the epoch.
    """
    when = timing(views, config, anchor)
    ended = when.duration_s is not None
    low_latency = not ended and any(view.part_target_s for view in views)
    root = element("MPD", _attributes(when, config, published_ns, low_latency))
    if low_latency:
        root.append(_service_description(config))
    root.append(
        element(
            "Period",
            {
                "id": "ended" if ended else "live",
                "start": duration(when.start_s),
                "duration": duration(when.duration_s) if when.duration_s is not None else None,
            },
            *adaptation_sets(views, when, config),
        )
    )
    # Both, in order of preference: dash.js and Shaka read either, older players only one.
    root.extend(element("UTCTiming", {"schemeIdUri": it, "value": config.clock_url}) for it in (HTTP_ISO, HTTP_XSDATE))
    return document(root)


def _attributes(when: Timing, config: Config, published_ns: int, low_latency: bool) -> dict[str, str | int | None]:
    always: dict[str, str | int | None] = {
        "xmlns": NAMESPACE,
        "profiles": ",".join([LIVE, CMAF, LOW_LATENCY] if low_latency else [LIVE, CMAF]),
        "minBufferTime": "PT1S",
        "maxSegmentDuration": duration(when.segment_s),
    }
    if when.duration_s is not None:
        # Static: every segment is there, nothing will change (§5.3.1.2).
        return {**always, "type": "static", "mediaPresentationDuration": duration(when.duration_s)}
    return {
        **always,
        "type": "dynamic",
        "availabilityStartTime": date(0),
        "publishTime": date(published_ns),
        "minimumUpdatePeriod": duration(config.minimum_update_s),
        "timeShiftBufferDepth": duration(when.depth_s),
        "suggestedPresentationDelay": duration(
            Fraction(config.latency_target_ms, 1000) if low_latency else 3 * when.segment_s
        ),
    }


def _service_description(config: Config) -> Element:
    """What players should aim for (Annex K); the latency is measured against ProducerReferenceTime 1."""
    latency = {
        "referenceId": 1,
        "target": config.latency_target_ms,
        "min": config.latency_min_ms,
        "max": config.latency_max_ms,
    }
    rates = {"min": str(config.playback_rate_min), "max": str(config.playback_rate_max)}
    return element("ServiceDescription", {"id": 0}, element("Latency", {**latency}), element("PlaybackRate", {**rates}))
