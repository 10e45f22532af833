"""Streams that ffmpeg writes, read from its files: what the judges find in them, and nothing else."""

import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import media_streams as made
import pytest

from ringside.flow.mux.hls import MediaPlaylist, Multivariant
from ringside.flow.mux.hls.map import Map
from ringside.prove.check.cmaf import boxes
from ringside.prove.check.cmaf.opened import Stream
from ringside.prove.check.dash import over_time as dash_over_time
from ringside.prove.check.dash import static as dash_static
from ringside.prove.check.dash.mpd_tree import parse, representations
from ringside.prove.check.dash.segment_timeline import address, entries
from ringside.prove.check.finding import gather
from ringside.prove.check.hls import ts as hls_ts
from ringside.prove.check.seen import DashStream, HlsStream, Media, Version

pytestmark = [pytest.mark.peer, pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing")]
SOURCE = "-f lavfi -i testsrc=s=160x90:r=25:d=6 -f lavfi -i sine=r=48000:d=6 -map 0:v -map 1:a"
CODECS = "-c:v libx264 -preset ultrafast -g 50 -keyint_min 50 -sc_threshold 0 -pix_fmt yuv420p -c:a aac"


def dash(folder: Path) -> DashStream:
    """Every segment that the MPD lists."""
    body = (folder / "live.mpd").read_bytes()
    media = []
    for it in representations(parse(body)):
        init = (folder / f"init-stream{it.id}.m4s").read_bytes()
        for entry in entries(it):
            name = address(it, entry.number, entry.start)
            fetch = made.fetch(f"http://x/{name}", (folder / name).read_bytes())
            media.append(Media(it.id, entry.number, None, fetch, init))
    return DashStream("http://x/live.mpd", (made.fetch("http://x/live.mpd", body),), tuple(media), ())


def hls(folder: Path) -> HlsStream:
    """Every segment that the media playlists list."""
    multivariant = Multivariant.parse((folder / "master.m3u8").read_text())
    versions, media = {}, []
    for name in [v.uri for v in multivariant.variants] + [m.uri for m in multivariant.media if m.uri]:
        text = (folder / name).read_text()
        parsed = MediaPlaylist.parse(text)
        versions[name] = (Version(name, made.fetch(f"http://x/{name}", text.encode()), parsed, parsed),)
        maps = [tag for tag in parsed.tags if isinstance(tag, Map)]
        init = (folder / maps[0].uri).read_bytes() if maps else b""
        for number, segment in parsed.numbered():
            fetch = made.fetch(f"http://x/{segment.uri}", (folder / segment.uri).read_bytes())
            media.append(Media(name, number, None, fetch, init))
    return HlsStream("http://x/master.m3u8", multivariant, versions, tuple(media), ())


def told(stream: Stream) -> set[str]:
    extra = (*dash_static.JUDGES, *dash_over_time.JUDGES) if isinstance(stream, DashStream) else ()
    judges = (*boxes.JUDGES, *hls_ts.JUDGES, *extra)
    return {finding.rule.id for finding in gather(f for judge in judges for f in judge(stream))}


OUTPUTS: dict[str, tuple[Callable[[Path], Stream], str, set[str]]] = {
    "dash": (
        dash,
        "-f dash -seg_duration 2 -use_timeline 1 live.mpd",
        {"dash.max-segment-duration"},  # ffmpeg rounds it to a tenth; its sound is 20 ms longer
    ),
    "fmp4 hls": (
        hls,
        "-f hls -hls_time 2 -hls_list_size 0 -hls_segment_type fmp4 -var_stream_map 'v:0,agroup:s a:0,agroup:s' "
        "-master_pl_name master.m3u8 live%v.m3u8",
        set(),
    ),
    "hls": (
        hls,
        "-f hls -hls_time 2 -hls_list_size 0 -master_pl_name master.m3u8 live.m3u8",
        {"hls.ts-tables-first"},  # ffmpeg puts an SDT ahead of its PAT
    ),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_ffmpeg_writes_is_judged_for_what_it_is(name: str, tmp_path: Path) -> None:
    read, output, expected = OUTPUTS[name]
    subprocess.run(shlex.split(f"ffmpeg -v error {SOURCE} {CODECS} {output}"), cwd=tmp_path, check=True)
    stream = read(tmp_path)
    assert len(stream.media) >= 3
    assert told(stream) == expected
