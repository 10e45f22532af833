"""Whatever a stream says, the rules of HLS end without an error: playlists cut, mixed and garbled."""

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.check.streams import EVENT_MULTIVARIANT, codes, event, golden, plain, stream, version

from ringside.flow.mux.hls import Malformed
from ringside.prove.check.hls import (
    basics as hls_basics,
)
from ringside.prove.check.hls import (
    bitrate as hls_bitrate,
)
from ringside.prove.check.hls import (
    control as hls_control,
)
from ringside.prove.check.hls import (
    dateranges as hls_dateranges,
)
from ringside.prove.check.hls import (
    dates as hls_dates,
)
from ringside.prove.check.hls import (
    discontinuity as hls_discontinuity,
)
from ringside.prove.check.hls import (
    durations as hls_durations,
)
from ringside.prove.check.hls import (
    hints as hls_hints,
)
from ringside.prove.check.hls import (
    multivariant as hls_multivariant,
)
from ringside.prove.check.hls import (
    mutations as hls_mutations,
)
from ringside.prove.check.hls import (
    parts as hls_parts,
)
from ringside.prove.check.hls import (
    publication as hls_publication,
)
from ringside.prove.check.hls import (
    reports as hls_reports,
)
from ringside.prove.check.hls import (
    retention as hls_retention,
)
from ringside.prove.check.hls import (
    sequence as hls_sequence,
)
from ringside.prove.check.hls import (
    versions as hls_versions,
)

MODULES: list[ModuleType] = [
    hls_basics, hls_bitrate, hls_control, hls_dateranges, hls_dates, hls_discontinuity, hls_durations, hls_hints,
    hls_multivariant, hls_mutations, hls_parts, hls_publication, hls_reports, hls_retention, hls_sequence, hls_versions,
]  # fmt: skip
JUDGES = [judge for module in MODULES for judge in module.JUDGES]
GOLDEN = ["audio", "delta", "ended", "gap_and_discontinuity", "live", "plain"]
LINES = sorted({line for name in GOLDEN for line in golden(f"media_{name}.m3u8").splitlines()[1:]})
ODD = [
    "", "#EXTINF:1e9,", "#EXTINF:-1,", "#EXTINF:0,", "#EXT-X-TARGETDURATION:0",
    "#EXT-X-MEDIA-SEQUENCE:18446744073709551615",
    "#EXT-X-SKIP:SKIPPED-SEGMENTS=99999999", "#EXT-X-PART-INF:PART-TARGET=0", "#EXT-X-ENDLIST", "http://[/x.ts",
    '#EXT-X-DATERANGE:ID="x",START-DATE="2026-09-21T14:13:21Z",DURATION=2', '#EXT-X-DATERANGE:ID="x"',
    '#EXT-X-PART:DURATION=0.2,URI="http://[",BYTERANGE="7"', '#EXT-X-RENDITION-REPORT:URI="http://["',
    '#EXT-X-KEY:METHOD=AES-128,URI="k"', "#EXT-X-BYTERANGE:5", "#EXT-X-PROGRAM-DATE-TIME:0001-01-01T00:00:00Z",
    "#EXT-X-PROGRAM-DATE-TIME:9999-12-31T23:59:59.999Z", "#EXT-X-I-FRAMES-ONLY", "#EXT-X-PLAYLIST-TYPE:VOD",
    '#EXT-X-PRELOAD-HINT:TYPE=NEITHER,URI="x"', '#EXT-X-MAP:URI=""', "#EXT-X-VERSION:0",
]  # fmt: skip
PLAYLISTS = st.lists(st.sampled_from(LINES + ODD), max_size=40).map(lambda lines: "\n".join(["#EXTM3U", *lines]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PLAYLISTS, min_size=1, max_size=4), st.lists(PLAYLISTS, min_size=1, max_size=3))
def test_no_rule_fails_on_any_playlist(first: list[str], second: list[str]) -> None:
    seen = {}
    for name, texts in (("v720/index.m3u8", first), ("a/index.m3u8", second)):
        try:
            seen[name] = [version(body, n * 2.0 + 2, name) for n, body in enumerate(texts)]
        except Malformed:
            continue
    for judge in JUDGES:
        list(judge(stream(seen, EVENT_MULTIVARIANT)))


@pytest.mark.parametrize("name", GOLDEN)
def test_what_we_write_keeps_every_rule(name: str) -> None:
    alone = stream(golden(f"media_{name}.m3u8"))
    assert codes(finding for judge in JUDGES for finding in judge(alone)) == []


def test_our_own_event_keeps_every_rule() -> None:
    assert codes(finding for judge in JUDGES for finding in judge(event())) == []


def test_a_young_event_keeps_every_rule_too() -> None:
    assert codes(finding for judge in JUDGES for finding in judge(event(seconds=10, begun=0))) == []


def test_a_stream_of_which_nothing_was_seen_breaks_nothing() -> None:
    assert codes(finding for judge in JUDGES for finding in judge(stream({}))) == []


def test_a_plain_stream_of_transport_stream_segments_breaks_nothing() -> None:
    body = plain(version=3).replace('#EXT-X-MAP:URI="init.mp4"\n', "").replace(".m4s", ".ts")
    assert codes(finding for judge in JUDGES for finding in judge(stream(body))) == []
