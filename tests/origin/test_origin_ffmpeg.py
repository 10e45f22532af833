"""A stock ffmpeg as the studio, over real sockets: long POSTs, and the objects of its dash muxer."""

import asyncio
import itertools
import shutil
import subprocess
from pathlib import Path

import pytest
from origin_wire import TOKEN, Origin, serving

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing"),
]

SOURCES = [
    *("-hide_banner", "-loglevel", "error", "-nostdin"),
    *("-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"),
    *("-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"),
]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0"]
CMAF = ["-f", "mp4", "-movflags", "+cmaf+delay_moov+skip_trailer+frag_every_frame", "-method", "POST"]


async def push(seconds: float, *arguments: str) -> None:
    """Run ffmpeg for so long, then end it as a person would."""
    ffmpeg = await asyncio.create_subprocess_exec("ffmpeg", *SOURCES, *arguments)
    try:
        await asyncio.wait_for(ffmpeg.wait(), seconds)
    except TimeoutError:
        ffmpeg.terminate()
        await ffmpeg.wait()


def assert_decodes(origin: Origin, name: str, folder: Path, seconds: float) -> None:
    """ffmpeg decodes the track's complete segments without a complaint, and finds as much as they promise."""
    view = origin.renderer.views[name][-1]
    path = folder / f"{name}.mp4"
    media = [origin.edge.read(f"/live/main/{name}/{s.number}.m4s") for s in view.segments if s.complete]
    path.write_bytes(view.track.init + b"".join(media))
    command = ["ffmpeg", "-v", "error", "-xerror", "-nostdin", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    whole = [s.duration_ticks / view.track.timescale for s in view.segments if s.complete]
    assert len(whole) >= 2
    assert sum(whole) >= seconds


def assert_in_step(origin: Origin, picture: str, sound: str) -> None:
    """Segments of both tracks begin together, within half an AAC frame, and their numbers have no hole."""
    starts = {}
    for name in (picture, sound):
        view = origin.renderer.views[name][-1]
        starts[name] = {s.number: s.start_ticks / view.track.timescale for s in view.segments}
        numbers = sorted(starts[name])
        assert all(after == before + 1 for before, after in itertools.pairwise(numbers))
    common = starts[picture].keys() & starts[sound].keys()
    assert len(common) >= 2
    assert all(abs(starts[picture][n] - starts[sound][n]) <= 0.011 for n in common)


def test_ffmpeg_pushes_two_tracks_in_long_posts_with_b_frames(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving() as origin:
            url = f"http://127.0.0.1:{origin.port}/ingest/main"
            auth = ["-headers", f"Authorization: Bearer {TOKEN}\r\n"]
            picture = ["-map", "0:v", *X264, "-bf", "2", *CMAF, *auth, f"{url}/v180"]
            sound = ["-map", "1:a", "-c:a", "aac", *CMAF, *auth, f"{url}/a"]
            await push(6.2, *picture, *sound)
            assert_in_step(origin, "v180", "a")
            for name in ("v180", "a"):
                view = origin.renderer.views[name][-1]
                assert (view.target_s, view.part_target_s) == (2, 0.21334)
                assert not any(part.gap for segment in view.segments for part in segment.parts)
                whole = [len(segment.parts) for segment in view.segments if segment.complete]
                assert set(whole) <= {10, 11}
                assert_decodes(origin, name, tmp_path, 3.9)
            assert not [key for key in origin.publisher.metrics.values if key[0] == "publishers_refused_total"]

    asyncio.run(test())


def test_ffmpegs_dash_muxer_puts_its_objects_live_and_whole(tmp_path: Path) -> None:
    """Both ways at once: streamed as they are made, and each put when it is complete."""

    async def test() -> None:
        async with serving() as live, serving() as whole:
            encode = ["-map", "0:v", "-map", "1:a", *X264, "-tune", "zerolatency", "-c:a", "aac"]
            dash = ["-f", "dash", "-seg_duration", "2", "-method", "PUT", "-http_opts", "auth_type=basic"]
            low = [
                "-streaming",
                "1",
                "-ldash",
                "1",
                "-frag_type",
                "every_frame",
                "-use_timeline",
                "0",
                "-write_prft",
                "1",
            ]
            urls = [f"http://x:{TOKEN}@127.0.0.1:{origin.port}/ingest/main/manifest.mpd" for origin in (live, whole)]
            utc = ["-utc_timing_url", "http://127.0.0.1/clock"]
            await asyncio.gather(push(6.2, *encode, *dash, *low, *utc, urls[0]), push(7.5, *encode, *dash, urls[1]))
            for origin, part_target_s in ((live, 0.21334), (whole, 0.0)):
                assert_in_step(origin, "stream0", "stream1")
                for name in ("stream0", "stream1"):
                    assert origin.renderer.views[name][-1].part_target_s == part_target_s
                    assert_decodes(origin, name, tmp_path, 3.9)
            assert not [key for key in live.publisher.metrics.values if key[0] == "publishers_refused_total"]

    asyncio.run(test())
