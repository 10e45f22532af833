"""HLS: a change from one segment to the next takes a DISCONTINUITY (draft-pantos-hls-rfc8216bis-22 §4.4.4.3, §6.2.1).

The headers in force for successive segments of a rendition are compared, as far as their media was fetched and its
headers are CMAF that can be read. That decode times go on is judged with the boxes of the media.
"""

from collections.abc import Iterator

from ringside.core.boxes import BoxError, Header, parse_init
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import everything, segments
from ringside.prove.check.seen import HlsStream, Media

NEEDED = Rule(
    "hls.discontinuity-needed", "MUST", "rfc8216bis §6.2.1",
    "A change of codec, size, tracks or timing from one segment to the next is marked with a DISCONTINUITY.",
)  # fmt: skip

_TOLD = ("kind", "codec", "track_id", "timescale", "width", "height", "sample_rate", "channels")


def changes_are_marked(stream: HlsStream) -> Iterator[Finding]:
    """A new header that says the same as the one before is no change."""
    for versions in everything(stream):
        marked = {one.number for one in segments(versions) if one.segment.discontinuity}
        first: dict[int, Media] = {}
        for media in stream.media:
            if media.name == versions[0].name and media.init and media.fetch.status in (200, 206):
                first.setdefault(media.number, media)
        for number, media in first.items():
            before = first.get(number - 1)
            if before is None or number in marked or before.init == media.init:
                continue
            was, now = _header(before.init), _header(media.init)
            changed = [name for name in _TOLD if was and now and getattr(was, name) != getattr(now, name)]
            if changed:
                seen = ", ".join(f"{name} {getattr(was, name)} became {getattr(now, name)}" for name in changed)
                yield NEEDED.broken(f"{media.name} segment {number}", seen, "an EXT-X-DISCONTINUITY before it")


def _header(init: bytes) -> Header | None:
    try:
        return parse_init(init)
    except BoxError:
        return None


JUDGES = (changes_are_marked,)
