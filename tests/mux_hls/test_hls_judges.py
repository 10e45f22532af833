"""Other people's parsers over a minute of the event: npm hls-parser in strict mode, and m3u8 from PyPI."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import event_views as event
import m3u8
import pytest

from ringside.flow.mux.hls import MediaRenderer, multivariant

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden"
TRACKS = [event.video(), event.video("v480", 1_200_000, 480), event.audio()]


def strict(playlists: dict[str, str]) -> dict[str, str]:
    """What hls-parser finds wrong with each playlist."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing")
    if not (ROOT / "node_modules" / "hls-parser").is_dir():
        pytest.skip("hls-parser is missing: npm ci")
    script = Path(__file__).with_name("strict.cjs")
    environment = {**os.environ, "NODE_PATH": str(ROOT / "node_modules")}
    done = subprocess.run(
        [node, str(script)], input=json.dumps(playlists), env=environment, capture_output=True, text=True, check=True
    )
    faults = json.loads(done.stdout)
    assert isinstance(faults, dict)
    return faults


def minute() -> dict[str, str]:
    """Every version of every media playlist over 60 s, and of the delta updates."""
    renderers = {track.name: MediaRenderer(track.name) for track in TRACKS}
    playlists: dict[str, str] = {}
    for whole in range(30):
        for part in range(1, 11):
            views = {track.name: event.view(track, whole, part, 12) for track in TRACKS}
            for name, renderer in renderers.items():
                others = [(f"../{other}/index.m3u8", view) for other, view in views.items() if other != name]
                full, delta = renderer.render(views[name], others)
                playlists[f"{name} {whole}.{part}"] = full.decode()
                if delta:
                    playlists[f"{name} {whole}.{part} delta"] = delta.decode()
    return playlists


@pytest.mark.peer
def test_hls_parser_finds_no_fault_in_a_minute_of_playlists() -> None:
    playlists = minute()
    assert len(playlists) > 1500
    assert strict(playlists) == {}


@pytest.mark.peer
def test_hls_parser_finds_no_fault_in_the_golden_playlists() -> None:
    assert strict({path.name: path.read_text() for path in GOLDEN.glob("*.m3u8")}) == {}


@pytest.mark.peer
def test_the_judge_does_find_faults() -> None:
    text = (GOLDEN / "media_live.m3u8").read_text()
    assert strict({"wrong": text.replace("PART-TARGET=0.21334", "PART-TARGET=0.1")})


def test_m3u8_reads_the_same_segments_parts_and_control() -> None:
    text = (GOLDEN / "media_live.m3u8").read_text()
    read = m3u8.loads(text)
    assert [segment.uri for segment in read.segments if segment.uri] == [f"{event.START + i}.m4s" for i in range(8)]
    assert read.part_inf.part_target == 0.21334
    assert read.server_control.part_hold_back == 0.9
    assert read.target_duration == 2
    assert read.media_sequence == event.START
    assert [report.last_msn for report in read.rendition_reports] == [event.START + 8]


def test_m3u8_reads_the_same_variants() -> None:
    read = m3u8.loads(multivariant(TRACKS).decode())
    assert [p.uri for p in read.playlists] == ["v480/index.m3u8", "v720/index.m3u8"]
    assert [p.stream_info.resolution for p in read.playlists] == [(853, 480), (1280, 720)]
    assert [m.uri for m in read.media] == ["a/index.m3u8"]


def test_an_event_that_began_in_mid_segment_is_strict_too() -> None:
    playlists: dict[str, str] = {}
    for track in TRACKS:
        renderer = MediaRenderer(track.name)
        for whole in range(2, 6):
            for part in range(1, 11):
                view = event.view(track, whole, part)
                late = view.segments[0].parts[4:]
                duration = sum(each.duration_ticks for each in late)
                first = replace(view.segments[0], parts=late, start_ticks=late[0].start_ticks, duration_ticks=duration)
                body, _ = renderer.render(replace(view, segments=(first, *view.segments[1:])))
                playlists[f"{track.name} {whole}.{part}"] = body.decode()
    assert strict(playlists) == {}
