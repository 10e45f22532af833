"""Real streams to read: a 2 s picture (input 0) and tone (input 1) through FFmpeg, each made once."""

import functools
import subprocess

from ringside.core.boxes import Header, Init, Raw, Splitter, parse_init

SOURCES = (
    "-f lavfi -i testsrc2=size=320x180:rate=25:duration=2 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=2 "
)
H264 = (
    "-map 0:v -c:v libx264 -bf 0 -pix_fmt yuv420p -preset superfast -profile:v high -level 3.1 -b:v 700k -maxrate 900k"
)
B_FRAMES = H264.replace("-preset superfast", "-preset veryfast -bf 2 -g 25")
HEVC = "-map 0:v -c:v libx265 -pix_fmt yuv420p -preset ultrafast -x265-params log-level=none:level-idc=31"
AV1 = "-map 0:v -c:v libsvtav1 -pix_fmt yuv420p -preset 13 -g 25"
AAC = "-map 1:a -c:a aac -ac 2 -b:a 128k"

_FLAGS = "+empty_moov+default_base_moof -f mp4"
CMAF = f"-movflags +cmaf+frag_keyframe{_FLAGS}"
OFFSETS_FROM_ZERO = CMAF.replace("+cmaf", "")  # no negative composition offsets
FRAMES = f"-movflags +cmaf+frag_every_frame{_FLAGS}"
PRFT = f"-write_prft wallclock {CMAF}"


@functools.cache
def ffmpeg(options: str) -> bytes:
    """What FFmpeg writes for these options."""
    command = f"ffmpeg -hide_banner -loglevel error {SOURCES} {options} -y"
    return subprocess.run([*command.split(), "pipe:1"], check=True, capture_output=True).stdout


def init_of(data: bytes) -> bytes:
    first = Splitter().feed(data)[0]
    assert isinstance(first, Init)
    return first.data


def split(data: bytes) -> tuple[Header, list[bytes]]:
    init, *chunks = Splitter().feed(data)
    assert isinstance(init, Init)
    assert all(isinstance(chunk, Raw) for chunk in chunks)
    return parse_init(init.data), [chunk.data for chunk in chunks]
