"""HLS: measured bit rates against what the multivariant playlist says (draft-pantos-hls-rfc8216bis-22 §4.1, §4.4.6.2).

The segment bit rate of a rendition is the size of successive segments over their duration, of any run of them that
lasts half to one and a half target durations. While a presentation is still being made, BANDWIDTH is what similar
content took, so a measured peak is a breach only beyond `MARGIN`.
"""

from collections import defaultdict
from collections.abc import Iterator

from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import everything, segments
from ringside.prove.check.seen import Fetch, HlsStream

PEAK = Rule(
    "hls.bandwidth-peak", "SHOULD", "rfc8216bis §4.4.6.2",
    "BANDWIDTH is at least the largest sum of peak segment bit rates of any playable combination.",
)  # fmt: skip

MARGIN = 1.1


def bandwidth_holds(stream: HlsStream) -> Iterator[Finding]:
    """Each variant with the heaviest member of each of its groups, as far as their media was fetched."""
    if stream.multivariant is None:
        return
    peaks = _peaks(stream)
    groups: dict[tuple[str, str | None], list[str]] = {}
    for tag in stream.multivariant.media:
        groups.setdefault((tag.type, tag.group_id), []).append(tag.uri or "")
    for variant in stream.multivariant.variants:
        inf = variant.inf
        total = peaks.get(variant.uri, 0.0)
        for kind, group in (("AUDIO", inf.audio), ("VIDEO", inf.video), ("SUBTITLES", inf.subtitles)):
            members = groups.get((kind, group), [])
            total += max((peaks.get(uri, 0.0) for uri in members if uri and uri != variant.uri), default=0.0)
        if total > inf.bandwidth * MARGIN:
            where = f"multivariant {variant.uri[:100]}"
            yield PEAK.broken(where, f"{total:.0f} b/s measured", f"BANDWIDTH={inf.bandwidth}")


def _peaks(stream: HlsStream) -> dict[str, float]:
    """Peak segment bit rate in b/s by rendition."""
    sizes = _sizes(stream)
    peaks: dict[str, float] = {}
    for versions in everything(stream):
        target = versions[0].playlist.target_duration
        mine = sizes.get(versions[0].name, {})
        if not target or not mine:
            continue
        lengths = {one.number: float(one.segment.duration or 0) for one in segments(versions)}
        peaks[versions[0].name] = _peak({n: (mine[n], lengths[n]) for n in mine if lengths.get(n)}, target)
    return peaks


def _peak(measured: dict[int, tuple[int, float]], target_s: int) -> float:
    peak = 0.0
    for first in measured:
        size, length, number = 0, 0.0, first
        while number in measured and length + measured[number][1] <= 1.5 * target_s:
            size, length, number = size + measured[number][0], length + measured[number][1], number + 1
            if length >= 0.5 * target_s:
                peak = max(peak, size * 8 / length)
    return peak


def _sizes(stream: HlsStream) -> dict[str, dict[int, int]]:
    """Bytes of each segment that was fetched: whole, or in all its parts."""
    whole: dict[str, dict[int, int]] = defaultdict(dict)
    parts: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for media in stream.media:
        if media.fetch.status not in (200, 206):
            continue
        if media.part is None:
            whole[media.name][media.number] = _bytes(media.fetch)
        else:
            parts[media.name, media.number][media.part] = _bytes(media.fetch)
    for versions in everything(stream):
        for one in segments(versions):
            got = parts.get((one.version.name, one.number), {})
            every = one.segment.duration is not None and one.watched and len(one.segment.parts)
            if every and set(got) == set(range(every)):
                whole[one.version.name].setdefault(one.number, sum(got.values()))
    return whole


def _bytes(fetch: Fetch) -> int:
    """Of a body that was cut off at the watcher's bound, its arrivals tell the size."""
    return max(len(fetch.body), sum(count for _, count in fetch.arrivals))


JUDGES = (bandwidth_holds,)
