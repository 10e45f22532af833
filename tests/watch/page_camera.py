"""A small real camera for the page's tests: H.264 pictures with the strip and a tone, as plain live HLS in a folder.

A camera may be mute; a microphone has sound and nothing else.
"""

import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ringside.core.clock import Wall

FPS = 15
WIDTH, HEIGHT = 640, 360
TOP = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-SESSION-DATA:DATA-ID="ringside.title",VALUE="Night <b>one</b>"
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,FRAME-RATE=15.000,CODECS="avc1.42c01e,mp4a.40.2"
v/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=600000,RESOLUTION=320x180,FRAME-RATE=15.000,CODECS="avc1.42c01e,mp4a.40.2"
v/index.m3u8?again
"""
SILENT_TOP = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,FRAME-RATE=15.000,CODECS="avc1.42c01e"
v/index.m3u8
"""
SOUND_TOP = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-STREAM-INF:BANDWIDTH=96000,CODECS="mp4a.40.2"
v/index.m3u8
"""
RATE = 48_000


def hls_options(folder: Path) -> dict[str, str]:
    """libavformat's settings for live CMAF segments of a second below `folder/v`."""
    return {
        "hls_time": "1", "hls_list_size": "60", "hls_segment_type": "fmp4", "hls_fmp4_init_filename": "init.mp4",
        "hls_flags": "program_date_time+independent_segments+temp_file",
        "hls_segment_filename": str(folder / "v/%d.m4s"),
    }  # fmt: skip


def strip(utc_ms: int) -> np.ndarray:
    """The 64 cells of a moment, 0 or 255 (the strip laid down in ARCHITECTURE)."""
    data = utc_ms.to_bytes(6, "big")
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    bits = np.unpackbits(np.frombuffer(bytes([0b10101010]) + data + bytes([crc]), np.uint8))
    return (bits * 255).astype(np.uint8)


def picture(utc_ms: int) -> np.ndarray:
    """One grey frame: a ramp that moves, and the strip along the bottom."""
    ramp = (np.arange(WIDTH, dtype=np.int64) // 4 + utc_ms // 16) % 160 + 40
    frame = np.repeat(ramp[None, :], HEIGHT, 0).astype(np.uint8)
    frame[HEIGHT - HEIGHT // 18 :, :] = np.repeat(strip(utc_ms), WIDTH // 64)[None, :]
    return frame


def tone(at: int, samples: int) -> av.AudioFrame:
    """So many samples of 440 Hz, from sample `at` on."""
    wave = np.sin(2 * np.pi * 440 * (np.arange(at, at + samples) / RATE)).astype(np.float32) * 0.1
    frame = av.AudioFrame.from_ndarray(wave[None, :], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
    return frame


class Camera(threading.Thread):
    """Films into `folder/index.m3u8` in real time until `stop()`; then the playlist ends properly."""

    def __init__(self, folder: Path, top: str = TOP) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self._top = top
        self._stopping = threading.Event()

    def run(self) -> None:
        (self.folder / "v").mkdir(parents=True, exist_ok=True)
        options = hls_options(self.folder)
        with av.open(str(self.folder / "v/index.m3u8"), "w", format="hls", options=options) as out:
            stream = out.add_stream("libx264", rate=FPS)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.gop_size = FPS
            stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
            heard = out.add_stream("aac", rate=RATE, layout="mono") if "mp4a" in self._top else None
            self._film(out, stream, heard)
        (self.folder / "index.m3u8").write_text(self._top)

    def _film(self, out: av.container.OutputContainer, stream: av.VideoStream, heard: av.AudioStream | None) -> None:
        clock, began, count, said = Wall(), time.monotonic(), 0, 0
        while not self._stopping.is_set():
            time.sleep(max(0.0, began + count / FPS - time.monotonic()))
            grey = picture(clock.now_ns() // 1_000_000)
            chroma = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.vstack([grey, chroma]), format="yuv420p")
            frame.pts, frame.time_base = count, Fraction(1, FPS)
            out.mux(stream.encode(frame))
            count += 1
            while heard and said / RATE < count / FPS:
                out.mux(heard.encode(tone(said, 1024)))
                said += 1024
            if count == 2 * FPS + FPS // 2:
                (self.folder / "index.m3u8").write_text(self._top)
        for track in filter(None, (stream, heard)):
            out.mux(track.encode(None))

    def stop(self) -> None:
        self._stopping.set()
        self.join()


class Microphone(threading.Thread):
    """Records a tone into `folder/index.m3u8` in real time until `stop()`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self._stopping = threading.Event()

    def run(self) -> None:
        (self.folder / "v").mkdir(parents=True, exist_ok=True)
        with av.open(str(self.folder / "v/index.m3u8"), "w", format="hls", options=hls_options(self.folder)) as out:
            stream = out.add_stream("aac", rate=RATE, layout="mono")
            began, count = time.monotonic(), 0
            while not self._stopping.wait(max(0.0, began + count / RATE - time.monotonic())):
                out.mux(stream.encode(tone(count, 1024)))
                count += 1024
                if (self.folder / "v/index.m3u8").exists() and not (self.folder / "index.m3u8").exists():
                    (self.folder / "index.m3u8").write_text(SOUND_TOP)
            out.mux(stream.encode(None))

    def stop(self) -> None:
        self._stopping.set()
        self.join()
