"""The multivariant playlist of an event (rfc8216bis §4.4.6): its tracks as variants and a group of sound.

The first variant is the one a player opens before it has measured anything, and hls.js takes its bandwidth as the
first estimate. It is the best that peaks at 2 Mb/s or less (the lowest, if none does): most connections hold it from
the first second, and a crowd that arrives at once asks for half the traffic that the top rung would cost. The others
follow from the best down; players climb within a segment or two.
"""

from collections.abc import Sequence
from decimal import Decimal

from ringside.core.media import Track
from ringside.flow.mux.hls.flags import IndependentSegments
from ringside.flow.mux.hls.media import Media
from ringside.flow.mux.hls.playlist import Multivariant, Variant
from ringside.flow.mux.hls.session_data import SessionData
from ringside.flow.mux.hls.stream_inf import StreamInf
from ringside.flow.mux.hls.tag import Tag

FIRST_CHOICE_BPS = 2_000_000
_GROUP = "audio"


def multivariant(tracks: Sequence[Track], title: str = "", leaf: str = "index.m3u8") -> bytes:
    """The multivariant playlist of these tracks, whose playlists are at `{track}/{leaf}`.

    `title` is what people call the event; the watch page shows it.
    """
    video = [track for track in tracks if track.kind == "video"]
    audio = [track for track in tracks if track.kind == "audio"]
    entries: list[Tag | Variant] = [IndependentSegments()]  # nothing here needs an EXT-X-VERSION above 1 (§8)
    if title:
        entries.append(SessionData("ringside.title", " ".join(title.replace('"', "'").split())))
    if video:
        entries += [_rendition(track, leaf, first=index == 0) for index, track in enumerate(audio)]
        variants = [_variant(track, audio, leaf) for track in video]
    else:
        variants = [_variant(track, [], leaf) for track in audio]
    return Multivariant((*entries, *_in_order(variants))).write().encode()


def _in_order(variants: list[Variant]) -> list[Variant]:
    """First choice first, then from the best down."""
    down = sorted(variants, key=lambda variant: -variant.inf.bandwidth)
    modest = [variant for variant in down if variant.inf.bandwidth <= FIRST_CHOICE_BPS]
    choice = (modest or down[-1:])[:1]
    return choice + [variant for variant in down if variant not in choice]


def _rendition(track: Track, leaf: str, first: bool) -> Media:
    named = track.language != "und"
    return Media(
        type="AUDIO",
        group_id=_GROUP,
        name=track.language if first and named else "Sound" if first else track.name,
        language=track.language if named else None,
        default=first,
        autoselect=True,
        channels=str(track.channels) if track.channels else None,
        uri=f"{track.name}/{leaf}",
    )


def _variant(track: Track, audio: Sequence[Track], leaf: str) -> Variant:
    """A variant: BANDWIDTH is the peak of the video with the largest sound it can be played with (§4.4.6.2)."""
    codecs = [track.codec, *sorted({other.codec for other in audio})]
    inf = StreamInf(
        bandwidth=track.bandwidth_bps + max((other.bandwidth_bps for other in audio), default=0),
        average_bandwidth=track.average_bps + max((other.average_bps for other in audio), default=0) or None,
        codecs=",".join(codecs),
        resolution=(track.width, track.height) if track.width and track.height else None,
        frame_rate=Decimal(f"{float(track.fps):.3f}") if track.fps else None,
        audio=_GROUP if audio else None,
    )
    return Variant(inf, f"{track.name}/{leaf}")
