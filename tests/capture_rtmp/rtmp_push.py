"""A publisher by PyAV's own FFmpeg, which writes enhanced RTMP for codecs that FLV never had.

A process of its own: while FFmpeg opens a connection for it, PyAV lets no other Python thread run.
"""

import json
import sys

import av


def push(url: str, codec: str, options: dict[str, str], pictures: int) -> None:
    """Send `pictures` frames at 25 fps, and as much sound."""
    with av.open(url, "w", format="flv") as container:
        video = container.add_stream(codec, rate=25, options=options)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio = container.add_stream("aac", rate=48000, layout="stereo")
        for n in range(pictures):
            frame = av.VideoFrame(320, 180, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([(n * 9 + 16) % 220]) * plane.buffer_size)
            frame.pts = n
            container.mux(video.encode(frame))
            sound = av.AudioFrame("fltp", "stereo", 1920)
            for plane in sound.planes:
                plane.update(bytes(plane.buffer_size))
            sound.sample_rate, sound.pts = 48000, n * 1920
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


if __name__ == "__main__":
    push(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4]))
