"""Measured bit rates: a stream whose BANDWIDTH holds, and some whose does not."""

from tests.check.streams import BASE, Case, codes, event, fetch, plain, stream, text, version

from ringside.prove.check.hls.bitrate import PEAK, bandwidth_holds
from ringside.prove.check.seen import HlsStream, Media

MULTIVARIANT = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound",CHANNELS="2",URI="a.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1000000,AUDIO="audio"
v.m3u8
"""


def medium(name: str, number: int, size: int, part: int | None = None) -> Media:
    return Media(name, number, part, fetch(f"{BASE}{number}.m4s", 1.0, bytes(size)), b"")


def measured(video: list[int], audio: list[int], body: str | None = None) -> HlsStream:
    """Two-second segments of these sizes."""
    playlists = {name: [version(body or plain(), 1.0, name)] for name in ("v.m3u8", "a.m3u8")}
    media = [medium("v.m3u8", n, size) for n, size in enumerate(video)]
    media += [medium("a.m3u8", n, size) for n, size in enumerate(audio)]
    return stream(playlists, MULTIVARIANT, media)


def test_picture_and_sound_together_are_at_most_the_bandwidth() -> None:
    keeps = measured([200_000] * 5, [40_000] * 5)  # 0.96 Mb/s
    breaks = measured([200_000] * 5, [90_000] * 5)  # 1.16 Mb/s
    Case(PEAK, "more than it says", bandwidth_holds, keeps, breaks).check()


def test_one_heavy_segment_is_a_peak() -> None:
    assert codes(bandwidth_holds(measured([100_000, 100_000, 400_000, 100_000], []))) == ["hls.bandwidth-peak"]


def test_a_segment_of_less_than_half_a_target_duration_is_measured_with_its_neighbours() -> None:
    short = text('#EXT-X-MAP:URI="i"', "#EXTINF:2.000,", "0.m4s", "#EXTINF:0.500,", "1.m4s", "#EXTINF:2.000,", "2.m4s")
    assert codes(bandwidth_holds(measured([150_000, 150_000, 150_000], [], short))) == []


def test_a_tenth_more_than_was_said_of_a_live_stream_is_no_finding() -> None:
    assert codes(bandwidth_holds(measured([270_000] * 5, []))) == []


def test_a_segment_that_was_fetched_in_parts_counts_when_they_are_all_there() -> None:
    seen = event()
    name = "v720/index.m3u8"
    number = 895_000_011
    heavy = [medium(name, number, 150_000, part) for part in range(10)]
    whole = stream({key: list(value) for key, value in seen.versions.items()}, seen.multivariant.write(), heavy)
    some = stream({key: list(value) for key, value in seen.versions.items()}, seen.multivariant.write(), heavy[:9])
    assert codes(bandwidth_holds(whole)) == ["hls.bandwidth-peak"]
    assert codes(bandwidth_holds(some)) == []


def test_a_stream_of_which_no_media_was_fetched_is_not_judged() -> None:
    assert codes(bandwidth_holds(event())) == []
