"""Decoding of a container that FFmpeg has opened: its best picture and sound, as frames with times in nanoseconds.

Damaged packets are counted and passed over; only the end of the input, or an input that cannot be read any more,
ends it. It must not know whether the input is a file or a live stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from ringside.core.media import rescale
from ringside.flow.capture.source import NotPlayable

NS_PER_S = 1_000_000_000
Media = av.VideoFrame | av.AudioFrame


@dataclass(frozen=True, slots=True)
class Streams:
    """The picture and the sound chosen from a container; either may be missing."""

    video: VideoStream | None
    audio: AudioStream | None

    @property
    def aspect(self) -> Fraction:
        """The shape of the picture's pixels."""
        if self.video is None:
            return Fraction(1)
        aspect = self.video.sample_aspect_ratio or self.video.codec_context.sample_aspect_ratio
        return aspect if aspect and aspect > 0 else Fraction(1)

    def __str__(self) -> str:
        words = []
        if self.video is not None:
            context, rate = self.video.codec_context, self.video.average_rate
            size = f"{context.width}x{context.height} " if context.width else ""
            fps = f" {float(rate):.4g} fps" if rate else ""
            words.append(f"{size}{context.name}{fps}")
        if self.audio is not None:
            sound = self.audio.codec_context
            words.append(f"{sound.name} {sound.sample_rate / 1000:g} kHz {sound.layout.name}")
        return ", ".join(words)


def choose(container: InputContainer, name: str, threads: str = "AUTO") -> Streams:
    """The best picture and sound of a container. Raises NotPlayable, naming the codecs, when none can be decoded."""
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    video = max(filter(_decodes, pictures), key=lambda s: s.codec_context.width * s.codec_context.height, default=None)
    audio = max(filter(_decodes, container.streams.audio), key=lambda s: s.codec_context.channels, default=None)
    if video is None and audio is None:
        codecs = sorted({_codec_name(s) for s in (*pictures, *container.streams.audio)})
        if codecs:
            raise NotPlayable(f"{name}: {', '.join(codecs)} cannot be decoded here")
        raise NotPlayable(f"{name} has neither picture nor sound in it")
    for stream in (video, audio):
        if stream is not None:
            stream.codec_context.thread_type = threads
    return Streams(video, audio)


def _decodes(stream: VideoStream | AudioStream) -> bool:
    return stream.codec_context is not None and stream.codec_context.codec.is_decoder


def _codec_name(stream: Stream) -> str:
    return stream.codec_context.name if stream.codec_context is not None else "an unknown codec"


class Decoder:
    """Iterates over a container's frames as `(frame, pts_ns, duration_ns)`; `errors` counts what was damaged."""

    def __init__(self, container: InputContainer, streams: Streams) -> None:
        self._container, self._streams = container, streams
        self._next_ns: dict[int, int] = {}
        self.errors = 0

    def __iter__(self) -> Iterator[tuple[Media, int, int]]:
        chosen = [stream for stream in (self._streams.video, self._streams.audio) if stream is not None]
        for packet in self._container.demux(chosen):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.errors += 1
                continue
            for frame in frames:
                if isinstance(frame, av.VideoFrame | av.AudioFrame):
                    yield (frame, *self._times(frame, packet.stream_index))

    def _times(self, frame: Media, stream: int) -> tuple[int, int]:
        """Presentation time and duration; a frame without a time follows the one before."""
        if isinstance(frame, av.AudioFrame):
            duration_ns = frame.samples * NS_PER_S // max(1, frame.sample_rate)
        else:
            rate = self._streams.video.average_rate if self._streams.video else None
            duration_ns = round(NS_PER_S / rate) if rate else NS_PER_S // 25
        ticks = frame.pts if frame.pts is not None else frame.dts
        if ticks is None or frame.time_base is None:
            pts_ns = self._next_ns.get(stream, 0)
        else:
            base = frame.time_base
            pts_ns = rescale(ticks * base.numerator, base.denominator, NS_PER_S)
        self._next_ns[stream] = pts_ns + duration_ns
        return pts_ns, duration_ns
