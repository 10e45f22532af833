"""What the profiles say of the browser under every player is what the installed Chromium does."""

import base64
import io
import shutil
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from ringside.prove.crowd.player.stock import HLS_JS

CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SECONDS = 6


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Top-level boxes: type and all their bytes."""
    found, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at : at + size]))
        at += size
    return found


def track(codec: str, mime: str, frame_s: Fraction, frames: list[Any], **settings: Any) -> dict[str, Any]:
    """Frames encoded and cut into fragments of one frame, for a SourceBuffer."""
    file = io.BytesIO()
    flags = {"movflags": "frag_every_frame+empty_moov+default_base_moof"}
    with av.open(file, "w", format="mp4", options=flags) as container:
        stream = container.add_stream(codec, **settings)
        if codec == "libx264":
            stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for frame in [*frames, None]:
            container.mux(stream.encode(frame))
    parts = boxes(file.getvalue())
    init = b"".join(data for kind, data in parts if kind in (b"ftyp", b"moov"))
    moofs = [data for kind, data in parts if kind == b"moof"]
    mdats = [data for kind, data in parts if kind == b"mdat"]
    pieces = [base64.b64encode(moof + mdat).decode() for moof, mdat in zip(moofs, mdats, strict=True)]
    return {"type": mime, "init": base64.b64encode(init).decode(), "frames": pieces, "frame_s": float(frame_s)}


def picture() -> dict[str, Any]:
    frames = []
    for number in range(25 * SECONDS):
        frame = av.VideoFrame.from_ndarray(np.full((90, 160, 3), number % 256, np.uint8), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        frames.append(frame)
    options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "threads": "1"}
    return track("libx264", 'video/mp4; codecs="avc1.42C00B"', Fraction(1, 25), frames, rate=25, options=options)


def sound() -> dict[str, Any]:
    frames = []
    for number in range(48_000 * SECONDS // 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 1024, Fraction(1, 48_000)
        frames.append(frame)
    return track("aac", 'audio/mp4; codecs="mp4a.40.2"', Fraction(1024, 48_000), frames, rate=48_000, layout="stereo")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing: apt-get install chromium")
def test_chromium_starts_and_goes_on_with_as_much_media_ahead_as_the_profiles_say() -> None:
    script = Path(__file__).with_name("buffering.js").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        ahead_s = page.evaluate(script, {"video": picture(), "audio": sound(), "stalls": 2})
        browser.close()
    first_s = HLS_JS.resume_s
    said_s = [HLS_JS.startup_s, first_s, first_s * HLS_JS.resume_growth]
    assert ahead_s == pytest.approx(said_s, abs=0.09), "fed 40 ms after another, and a decoder keeps a frame or two"
